import os
import signal
from itertools import count

import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon

from common.training.checkpoints import NO_CHECKPOINTS, Checkpoints
from common.training.fit import fit_network
from common.training.rates import triangular
from common.training.run import Run

DATA = np.random.default_rng(0).normal(size=(24, 5)).astype(np.float32)


class Stopped(Exception):
    pass


def ignore(step):
    pass


def network(seed):
    """With dropout and running statistics: both have to go on as they would have."""
    mx.random.seed(seed)
    net = gluon.nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(gluon.nn.Dense(8, in_units=5), gluon.nn.BatchNorm(in_channels=8))
        net.add(gluon.nn.Dropout(0.5), gluon.nn.Dense(1, in_units=8))
    net.initialize(mx.init.Xavier())
    return net


def train(net, checkpoints, *, stop_after=None, optimizer="adam", epochs=6, on_step=ignore):
    """`stop_after` an epoch; `on_step` is called within each step, steps counted from 0."""
    losses, steps = [], count()

    def evaluate():
        losses.append(float(net(mx.nd.array(DATA)).square().mean().asscalar()))
        return {"loss": losses[-1]}

    def report(epoch, scores):
        if epoch.number == stop_after:
            raise Stopped

    def loss(rows):
        on_step(next(steps))
        return (net(mx.nd.array(DATA[rows])) - 1).square().reshape(-1)

    return fit_network(
        net,
        optimizer,
        {"momentum": 0.9} if optimizer == "sgd" else {},
        batches=lambda epoch: np.split(np.random.default_rng(epoch).permutation(24), 4),
        loss=loss,
        schedule=triangular(0.001, 0.1, 4),
        epochs=epochs,
        seed=3,
        evaluate=evaluate,
        run=Run(report, checkpoints),
    )


def assert_same(one, other):
    for mine, yours in zip(
        one.collect_params().values(), other.collect_params().values(), strict=True
    ):
        np.testing.assert_array_equal(mine.data().asnumpy(), yours.data().asnumpy())


def names_below(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_run_stopped_twice_ends_as_one_that_was_not(tmp_path, optimizer):
    whole = network(1)
    history = train(whole, NO_CHECKPOINTS, optimizer=optimizer)
    for start, stop in ((1, 3), (7, 5)):
        with pytest.raises(Stopped):
            train(network(start), Checkpoints(tmp_path), stop_after=stop, optimizer=optimizer)
    resumed = network(9)  # initial values no longer count
    assert train(resumed, Checkpoints(tmp_path), optimizer=optimizer) == history
    assert_same(whole, resumed)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_run_stopped_within_epochs_ends_as_one_that_was_not(tmp_path, optimizer):
    """Of 24 steps the run is stopped in 4, 5, 9 and 22: it goes on where it was stopped."""
    whole = network(1)
    history = train(whole, NO_CHECKPOINTS, optimizer=optimizer)
    often = Checkpoints(tmp_path, seconds=0)
    taken = []

    def stopping(at):
        def on_step(step):
            if step == at:
                raise Stopped
            taken.append(step)

        return on_step

    for start, steps in enumerate((4, 1, 4, 13), start=1):
        with pytest.raises(Stopped):
            train(network(start), often, optimizer=optimizer, on_step=stopping(steps))
    resumed = network(9)
    assert train(resumed, often, optimizer=optimizer, on_step=taken.append) == history
    assert len(taken) == 24
    assert_same(whole, resumed)


def test_a_run_that_is_asked_to_end_does_so_after_the_step_and_goes_on_from_there(tmp_path):
    whole = network(1)
    history = train(whole, NO_CHECKPOINTS)
    before = signal.getsignal(signal.SIGTERM)

    def end_in_sixth(step):
        if step == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        assert step < 6

    with pytest.raises(KeyboardInterrupt, match="the platform ended the job"):
        train(network(1), Checkpoints(tmp_path), on_step=end_in_sixth)
    assert signal.getsignal(signal.SIGTERM) is before
    assert names_below(tmp_path) == ["000000004.zip", "000000006.zip"]
    resumed, taken = network(9), []
    assert train(resumed, Checkpoints(tmp_path), on_step=taken.append) == history
    assert len(taken) == 24 - 6
    assert_same(whole, resumed)


def test_a_finished_run_is_not_run_again(tmp_path):
    history = train(network(1), Checkpoints(tmp_path))
    assert train(network(2), Checkpoints(tmp_path), stop_after=6) == history


def test_the_last_two_are_kept_and_nothing_else(tmp_path):
    train(network(1), Checkpoints(tmp_path))
    assert names_below(tmp_path) == ["000000020.zip", "000000024.zip"]


def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path):
    whole = network(1)
    train(whole, Checkpoints(tmp_path))
    newest = tmp_path / "000000024.zip"
    content = bytearray(newest.read_bytes())
    content[len(content) // 3] ^= 1
    newest.write_bytes(content)
    resumed = network(2)
    train(resumed, Checkpoints(tmp_path))
    assert_same(whole, resumed)


def test_runs_of_another_identity_do_not_meet(tmp_path):
    root = Checkpoints(tmp_path)
    folders = {root.of(*parts).folder for parts in (("a", "b"), ("ab",), ("a", "c"))}
    assert len(folders) == 3
    assert root.of("a", "b") == root.of("a", "b")
    assert NO_CHECKPOINTS.of("a").folder is None
