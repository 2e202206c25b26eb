"""One host that trains a small network with others: NAMES NAME SETTINGS RESULT.

Writes its parameters after training to RESULT, if it comes to that. SETTINGS are those of `fit` as
JSON, where hosts have their checkpoints, each in a folder named by its place, and whether each
trains a network of its own, `apart`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

import mxnet as mx
import numpy as np
from mxnet import gluon

from common.job.hosts import Hosts
from common.job.peers import ALONE, Peers, gathered
from common.training.checkpoints import NO_CHECKPOINTS, Checkpoints
from common.training.fit import fit_network
from common.training.history import History
from common.training.rates import triangular
from common.training.run import Run
from common.training.team import ALONE_AT_WORK, Team

PAGES, EPOCHS = 24, 4
DATA = np.random.default_rng(0).normal(size=(PAGES, 5)).astype(np.float32)


def network(seed: int, norm: bool = False) -> gluon.nn.HybridSequential:
    mx.random.seed(seed)
    net = gluon.nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(gluon.nn.Dense(7, "tanh", in_units=5))
        if norm:
            net.add(gluon.nn.BatchNorm(in_channels=7))
        net.add(gluon.nn.Dense(1, in_units=7))
    net.initialize(mx.init.Normal(0.5))
    return net


def wait_until(there: Callable[[], bool]) -> None:
    while not there():
        time.sleep(0.01)


def fit(
    net: gluon.nn.HybridSequential,
    team: Team,
    optimizer: str,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
    *,
    total: int = 12,
    stop: int = 0,
    signals: Mapping[str, tuple[int, int]] | None = None,
    waiting: Path = Path(),
    peers: Peers = ALONE,
) -> History:
    """Each host of the team takes its part of every batch.

    Args:
        total: members of a batch, of all hosts together.
        stop: the epoch after which the process ends without a word; 0: none.
        signals: a host's place → step of this process, from 1, and the signal that it then gets;
            0 makes it wait until another host was ended, and that one until this one waits.
        waiting: the file that is there when it does.
        peers: those who end together.
    """
    steps = count(1)
    signals = signals or {}
    step, number = signals.get(str(peers.hosts.place), (0, 0))
    awaited = any(number == 0 for _, number in signals.values())

    def batches(epoch: int) -> list[np.ndarray]:
        order = np.random.default_rng(epoch).permutation(PAGES)
        return [DATA[rows][team.part(total)] for rows in order.reshape(-1, total)]

    def loss(rows: np.ndarray) -> mx.nd.NDArray:
        if next(steps) == step:
            if not number:
                waiting.touch()
                wait_until(lambda: peers.ended)
            elif awaited:
                wait_until(waiting.exists)
            os.kill(os.getpid(), number)
        return (net(mx.nd.array(rows)) - 1).square().reshape(-1)

    def report(epoch, scores):
        if epoch.number == stop:
            os._exit(0)

    with team.at_work() as working:
        return fit_network(
            net,
            optimizer,
            {} if optimizer == "adam" else {"momentum": 0.9},
            batches=batches,
            loss=loss,
            schedule=triangular(0.001, 0.1, 4),
            epochs=EPOCHS,
            seed=3,
            evaluate=lambda: {
                "loss": float((net(mx.nd.array(DATA)) - 1).square().mean().asscalar())
            },
            run=Run(report, checkpoints, team=working, peers=peers),
        )


def main(names: str, name: str, settings: str, result: str) -> None:
    values = json.loads(settings)
    folder, seconds = values.pop("checkpoints", None), values.pop("seconds", 600)
    norm, apart = values.pop("norm", False), values.pop("apart", False)
    with gathered(Hosts(tuple(names.split(",")), name)) as peers:
        net = network(peers.hosts.place, norm)  # the first host's values are what counts
        own, team = NO_CHECKPOINTS, ALONE_AT_WORK if apart else Team(peers)
        if folder and (apart or peers.first):
            own = Checkpoints(Path(folder) / str(peers.hosts.place), seconds)
        waiting = Path(result).with_name("waiting")
        history = fit(
            net, team, values.pop("optimizer"), own, waiting=waiting, peers=peers, **values
        )
    learnt = {name: p.data().asnumpy() for name, p in net.collect_params().items()}
    losses, validation = (
        np.array([row[name] for row in history.epochs])
        for name in ("train_loss", "validation_loss")
    )
    np.savez(result, losses=losses, validation=validation, **learnt)


if __name__ == "__main__":
    main(*sys.argv[1:])
