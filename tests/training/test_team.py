import json
import signal
import subprocess
import sys
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon
from tests.contract.programs import SRC, environment
from tests.hosts import host_names, on_hosts
from tests.training import team_member

from common.training.checkpoints import NO_CHECKPOINTS, Checkpoints
from common.training.loop import Epoch
from common.training.standing import Standing
from common.training.team import ALONE_AT_WORK, Team


def train(tmp_path, hosts, **settings):
    """(exit status, what it has learnt or None) of each host."""
    names = host_names(hosts)
    files = [tmp_path / f"{name}.npz" for name in names]
    program = Path(team_member.__file__)
    told = json.dumps(settings)
    started = [
        subprocess.Popen(
            [sys.executable, program, ",".join(names), name, told, file],
            env=environment(PYTHONPATH=str(SRC), OMP_NUM_THREADS="1", PORT="8080"),
        )
        for name, file in zip(names, files, strict=True)
    ]
    statuses = [process.wait(120) for process in started]
    learnt = [dict(np.load(file)) if file.exists() else None for file in files]
    return list(zip(statuses, learnt, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(("hosts", "optimizer", "stop"), [(2, "adam", 3), (3, "sgd", 0)])
def test_hosts_learn_the_same_as_one_that_takes_all_their_batches(tmp_path, hosts, optimizer, stop):
    """Stopped after an epoch and resumed by checkpoints of the first host, too."""
    net = team_member.network(0)
    history = team_member.fit(net, ALONE_AT_WORK, optimizer)
    checkpoints = tmp_path / "checkpoints"
    settings = {"optimizer": optimizer, "checkpoints": str(checkpoints)}
    if stop:
        train(tmp_path, hosts, **settings, stop=stop)
        found = sorted(file.name for file in (checkpoints / "0").iterdir())
        assert found == ["000000002.zip", "000000004.zip"]  # named by steps, two an epoch
    statuses, learnt = zip(*train(tmp_path, hosts, **settings), strict=True)
    assert statuses == (0,) * hosts
    for one in learnt:
        losses = one.pop("losses")
        np.testing.assert_allclose(losses, [row["train_loss"] for row in history.epochs], rtol=1e-4)
        for name, parameter in net.collect_params().items():
            np.testing.assert_array_equal(one[name], learnt[0][name])
            np.testing.assert_allclose(one[name], parameter.data().asnumpy(), atol=1e-4)


def assert_same(hosts, others):
    for (status, learnt), (_, expected) in zip(hosts, others, strict=True):
        assert status == 0
        for name, value in expected.items():
            np.testing.assert_array_equal(learnt[name], value, err_msg=name)


@pytest.mark.slow
def test_hosts_that_are_interrupted_within_an_epoch_learn_the_same_to_the_byte(tmp_path):
    """Each has statistics and losses of its own there."""
    checkpoints = tmp_path / "checkpoints"
    settings = {"optimizer": "sgd", "norm": True, "total": 4}  # six steps an epoch
    whole = train(tmp_path, 2, **settings)
    settings["checkpoints"] = str(checkpoints)

    # Each process counts its own steps; one more passes until all have heard of it.
    for step, of_hosts in ((8, {0: 7, 1: 8}), (8 + 3, {1: 2})):
        signals = {place: (own, signal.SIGTERM) for place, own in of_hosts.items()}
        ended = train(tmp_path, 2, **settings, signals=signals)
        assert ended == [(1, None)] * 2
        assert (checkpoints / f"0/{step:09d}.zip").exists()
    assert_same(train(tmp_path, 2, **settings), whole)


@pytest.mark.slow
def test_a_host_that_trains_apart_keeps_where_it_stands_when_another_is_ended(tmp_path):
    """As hosts do that train the folds' models; six steps are an epoch."""
    settings = {"optimizer": "sgd", "apart": True, "total": 4}
    whole = train(tmp_path, 2, **settings)
    settings["checkpoints"] = str(tmp_path / "checkpoints")
    signals = {0: (9, 0), 1: (8, signal.SIGTERM)}
    ended = train(tmp_path, 2, **settings, signals=signals)
    assert ended == [(1, None), (-signal.SIGINT, None)]  # an error, and Python's KeyboardInterrupt
    for place, step in ((0, 9), (1, 8)):
        assert (tmp_path / f"checkpoints/{place}/{step:09d}.zip").exists()
    assert_same(train(tmp_path, 2, **settings), whole)


def norm(value):
    """A network of one batch norm, all of whose parameters are `value`."""
    net = gluon.nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(gluon.nn.BatchNorm(in_channels=3))
    net.initialize()
    for parameter in net.collect_params().values():
        parameter.set_data(mx.nd.full(3, value))
    return net


def values(net):
    return {name: p.data().asnumpy()[0] for name, p in net.collect_params().items()}


def test_statistics_and_losses_are_averaged_after_an_epoch_and_the_rest_left_alone():
    def act(peers):
        net = norm(5)
        net[0].running_mean.set_data(mx.nd.full(3, 2.0**peers.hosts.place))
        settled = Team(peers).settle(Epoch(2, 3.0 * peers.hosts.place, ((0.5, 0.1),)), net)
        return settled, values(net)

    for settled, found in on_hosts(3, act):
        assert settled == Epoch(2, 3.0, ((0.5, 0.1),))
        assert found.pop("net_batchnorm0_running_mean") == pytest.approx(7 / 3)
        assert set(found.values()) == {5}


def test_all_hosts_start_where_the_first_one_stands(tmp_path):
    def act(peers):
        place = peers.hosts.place
        net = norm(place + 1)
        team = Team(peers)
        trainer = gluon.Trainer(net.collect_params(), "adam", kvstore=None)
        checkpoints = Checkpoints(tmp_path) if peers.first else NO_CHECKPOINTS
        standing = team.start(checkpoints, net, trainer)
        return standing, values(net), len(trainer._updaters[0].states)

    for standing, found, states in on_hosts(3, act):
        assert standing == Standing()
        assert (set(found.values()), states) == ({1}, 0)

    net = norm(9)
    trainer = gluon.Trainer(net.collect_params(), "adam", kvstore=None)
    with mx.autograd.record():
        net(mx.nd.ones((2, 3))).sum().backward()
    trainer.step(1)
    expected = Standing().after(Epoch(1, 0.5, ((0.0, 0.1),)), {"loss": 0.25}, net)
    Checkpoints(tmp_path).save(net, trainer, expected)
    for standing, found, states in on_hosts(3, act):
        assert standing.as_json() == expected.as_json()
        assert found == values(net)
        assert states == 2


def test_parts_of_hosts_are_joined_in_order_at_the_first():
    rows = np.arange(14).reshape(7, 2)

    def act(peers):
        team = Team(peers)
        return team.join(rows[team.part(7)]), len(team.part(7)), list(team.part(2))

    joined, sizes, of_two = zip(*on_hosts(3, act), strict=True)
    np.testing.assert_array_equal(joined[0], rows)
    assert joined[1:] == (None, None)
    assert sorted(sizes) == [2, 2, 3]
    assert sorted(row for rows in of_two for row in rows) == [0, 1]
