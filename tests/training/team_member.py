"""One host that trains a small network with others: NAMES NAME OPTIMIZER CHECKPOINTS STOP RESULT.

Writes its parameters after training to RESULT, or leaves after epoch STOP without.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import mxnet as mx
import numpy as np
from mxnet import gluon

from common.job.hosts import Hosts
from common.job.peers import gathered
from common.training.checkpoints import NO_CHECKPOINTS, Checkpoints
from common.training.fit import fit_network
from common.training.history import History
from common.training.rates import triangular
from common.training.run import Run
from common.training.team import Team

PAGES, EPOCHS, TOTAL = 24, 4, 12  # members of all hosts' batches together
DATA = np.random.default_rng(0).normal(size=(PAGES, 5)).astype(np.float32)


def network(seed: int) -> gluon.nn.HybridSequential:
    mx.random.seed(seed)
    net = gluon.nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(gluon.nn.Dense(7, "tanh", in_units=5), gluon.nn.Dense(1, in_units=7))
    net.initialize(mx.init.Normal(0.5))
    return net


def fit(
    net: gluon.nn.HybridSequential,
    team: Team,
    optimizer: str,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
    stop: int = 0,
) -> History:
    """Each host takes its part of every batch."""

    def batches(epoch: int) -> list[np.ndarray]:
        order = np.random.default_rng(epoch).permutation(PAGES)
        return [DATA[rows][team.part(TOTAL)] for rows in order.reshape(-1, TOTAL)]

    def report(epoch, scores):
        if epoch.number == stop:
            os._exit(0)

    with team.at_work() as working:
        return fit_network(
            net,
            optimizer,
            {} if optimizer == "adam" else {"momentum": 0.9},
            batches=batches,
            loss=lambda rows: (net(mx.nd.array(rows)) - 1).square().reshape(-1),
            schedule=triangular(0.001, 0.1, 4),
            epochs=EPOCHS,
            seed=3,
            evaluate=lambda: {
                "loss": float((net(mx.nd.array(DATA)) - 1).square().mean().asscalar())
            },
            run=Run(report, checkpoints, team=working),
        )


def main(names: str, name: str, optimizer: str, checkpoints: str, stop: str, result: str) -> None:
    with gathered(Hosts(tuple(names.split(",")), name)) as peers:
        net = network(peers.hosts.place)  # the first host's values are what counts
        own = Checkpoints(Path(checkpoints)) if checkpoints and peers.first else NO_CHECKPOINTS
        history = fit(net, Team(peers), optimizer, own, int(stop))
    values = {name: p.data().asnumpy() for name, p in net.collect_params().items()}
    losses = np.array([row["train_loss"] for row in history.epochs])
    np.savez(result, losses=losses, **values)


if __name__ == "__main__":
    main(*sys.argv[1:])
