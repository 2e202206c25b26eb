from functools import partial

import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon
from tests.hosts import on_hosts

from common.training.checkpoints import Checkpoints
from common.training.loop import train_epochs, train_step
from common.training.loss_scale import LossScale, ScalingTrainer
from common.training.rates import triangular
from common.training.standing import Standing
from common.training.team import ALONE_AT_WORK, Team

DATA = np.random.default_rng(0).normal(size=(4, 6, 5)).astype(np.float32)


def network():
    mx.random.seed(1)
    net = gluon.nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(gluon.nn.Dense(7, "tanh", in_units=5), gluon.nn.Dense(1, in_units=7))
    net.initialize(mx.init.Normal(0.5))
    return net


def values(net):
    return [value.asnumpy() for p in net.collect_params().values() for value in p.list_data()]


@pytest.mark.parametrize(
    ("optimizer", "options"), [("sgd", {"momentum": 0.9, "wd": 0.01}), ("adam", {"wd": 0.01})]
)
def test_a_power_of_two_changes_not_a_bit_of_what_is_learnt(optimizer, options):
    learnt = []
    for scaling in (False, True):
        net = network()
        before = values(net)
        trainer = ALONE_AT_WORK.trainer(net, optimizer, options, scaling=scaling)
        epochs = train_epochs(
            trainer,
            lambda epoch: list(DATA),
            lambda rows, net=net: (net(mx.nd.array(rows)) - 1).square().reshape(-1),
            triangular(0.001, 0.1, 2),
            epochs=3,
            seed=1,
        )
        losses = [epoch.train_loss for epoch in epochs]
        learnt.append((losses, values(net)))
    assert trainer.loss_scale == LossScale(2.0**16, good=12)
    (losses, plain), (again, scaled) = learnt
    assert again == losses
    for was, one, other in zip(before, plain, scaled, strict=True):
        np.testing.assert_array_equal(one, other)
        assert not np.array_equal(was, one)


def test_the_scale_is_halved_by_what_is_not_finite_and_doubled_after_2000_good_steps():
    scale = LossScale(2.0**16)
    for _ in range(1999):
        scale = scale.after(True)
    assert scale.factor == 2.0**16
    assert scale.after(True) == LossScale(2.0**17)
    assert scale.after(False) == LossScale(2.0**15)
    assert LossScale(2.0**24, good=1999).after(True) == LossScale(2.0**24)
    assert LossScale(1.0).after(False) == LossScale(1.0)


def line(devices=None):
    net = gluon.nn.Dense(1, in_units=1, use_bias=False, prefix="line_")
    net.initialize(mx.init.Zero(), ctx=devices)
    return net


def steep(net, x):
    """A loss whose gradient is x."""
    return net(mx.nd.array([[x]], ctx=net.weight.list_ctx()[0])).reshape(-1)


def test_a_step_whose_gradient_overflows_is_left_out_and_the_next_is_a_smaller_scales():
    """float32 ends at 2^128, so a gradient of 2^10 fits from a scale of 2^117 on."""
    net = line()
    trainer = ALONE_AT_WORK.trainer(net, "adam", {}, scaling=True)
    trainer.loss_scale = LossScale(2.0**120)
    scales = []
    for step in range(4):
        assert not values(net)[0].any()
        losses = train_step(trainer, partial(steep, net), 2.0**10, 0.25, step)
        assert losses.asscalar() == 0
        scales.append(trainer.loss_scale)
    assert scales[:3] == [LossScale(2.0**power) for power in (119, 118, 117)]
    assert scales[3] == LossScale(2.0**117, good=1)
    # Adam's first step is as long as its rate, if those left out have not been counted.
    np.testing.assert_allclose(values(net)[0], [[-0.25]], rtol=1e-5)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_gradients_that_are_not_finite_leave_momentum_alone_too(bad):
    net = line()
    trainer = ALONE_AT_WORK.trainer(net, "sgd", {"momentum": 0.5}, scaling=True)
    for step, x in enumerate((1.0, bad, 1.0)):
        train_step(trainer, partial(steep, net), x, 1.0, step)
    # v = 1, w = -1; then v = 1.5, w = -2.5
    np.testing.assert_array_equal(values(net)[0], [[-2.5]])


def test_devices_leave_out_a_step_that_overflowed_on_one_of_them():
    devices = [mx.cpu(1), mx.cpu(2)]
    net = line(devices)
    trainer = ALONE_AT_WORK.trainer(net, "sgd", {}, scaling=True)

    def loss(slopes):
        found = [
            net(mx.nd.array([[slope]], ctx=device)).reshape(-1)
            for slope, device in zip(slopes, devices, strict=True)
        ]
        return mx.nd.concat(*(one.as_in_context(devices[0]) for one in found), dim=0)

    train_step(trainer, loss, [1.0, np.inf], 1.0, 0)
    assert not np.any(values(net))
    train_step(trainer, loss, [1.0, 2.0], 1.0, 1)
    np.testing.assert_array_equal(values(net), [[[-1.5]]] * 2)
    assert trainer.loss_scale == LossScale(2.0**15, good=1)


def test_the_scale_goes_with_a_checkpoint_and_to_all_hosts(tmp_path):
    net = line()
    trainer = ALONE_AT_WORK.trainer(net, "sgd", {"momentum": 0.5}, scaling=True)
    for step, x in enumerate((np.inf, 1.0)):
        train_step(trainer, partial(steep, net), x, 1.0, step)
    Checkpoints(tmp_path).save(net, trainer, Standing(epoch=1))

    def act(peers):
        resumed = line()
        trainer = ScalingTrainer(resumed.collect_params(), "sgd", {"momentum": 0.5}, kvstore=None)
        Team(peers).start(Checkpoints(tmp_path if peers.first else None), resumed, trainer)
        train_step(trainer, partial(steep, resumed), 1.0, 1.0, 2)
        return trainer.loss_scale, values(resumed)[0].item()

    assert on_hosts(2, act) == [(LossScale(2.0**15, good=2), -2.5)] * 2
