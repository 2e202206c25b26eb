import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon

from common.training.fit import fit_network
from common.training.loop import Part, train_epochs
from common.training.prefetch import Prefetched
from common.training.rates import constant, triangular
from common.training.run import Run


def line():
    net = gluon.nn.Dense(1, in_units=1, use_bias=False)
    net.initialize(mx.init.Zero())
    return net


def squares(net):
    return lambda x: (net(mx.nd.array([[x]])) - 2 * x).square().reshape(-1)


def run(net, batches, schedule, epochs=1):
    trainer = gluon.Trainer(net.collect_params(), "sgd", kvstore=None)
    return train_epochs(
        trainer, lambda number: batches, squares(net), schedule, epochs=epochs, seed=1
    )


def test_two_steps_of_gradient_descent_by_hand():
    net = line()
    (epoch,) = run(net, [1.0, 3.0], constant(0.1))
    # w = 0 − 0.1 · 2 · (0 − 2) = 0.4; then w = 0.4 − 0.1 · 2 · 3 · (1.2 − 6) = 3.28
    np.testing.assert_allclose(net.weight.data().asnumpy(), [[3.28]], rtol=1e-6)
    np.testing.assert_allclose(epoch.train_loss, (4 + 4.8**2) / 2, rtol=1e-6)


def test_every_step_takes_its_rate_from_the_schedule():
    epochs = list(run(line(), [1.0] * 4, triangular(0.0, 0.08, 2), epochs=2))
    rates = [rate for epoch in epochs for _, rate in epoch.rates]
    np.testing.assert_allclose(rates, [0, 0.02, 0.04, 0.06, 0.08, 0.06, 0.04, 0.02])
    assert [epoch.number for epoch in epochs] == [1, 2]


@pytest.mark.parametrize("sliceable", [True, False])
def test_an_epoch_goes_on_where_it_was_left(sliceable):
    """What is left out need not be made again, if the batches can do without."""
    made, told = [], []

    def make(plan):
        made.append(plan)
        return plan

    plans = Prefetched(make, [9.0, 9.0, 1.0, 3.0])
    batches = plans if sliceable else _Passing(plans)
    net = line()
    trainer = gluon.Trainer(net.collect_params(), "sgd", kvstore=None)
    (epoch,) = train_epochs(
        trainer,
        lambda number: batches,
        squares(net),
        constant(0.1),
        epochs=6,
        seed=1,
        done=5,
        step=22,
        part=Part(2, 10.0, 3),
        after_step=told.append,
    )
    # The two steps of the first test, after three members whose losses were 10 together.
    np.testing.assert_allclose(net.weight.data().asnumpy(), [[3.28]], rtol=1e-6)
    np.testing.assert_allclose(epoch.train_loss, (10 + 4 + 4.8**2) / 5, rtol=1e-6)
    assert epoch.number == 6
    assert [time for time, _ in epoch.rates] == [5.0, 5.25, 5.5, 5.75]
    assert [(part.steps, part.members) for part in told] == [(3, 4), (4, 5)]
    assert made == ([1.0, 3.0] if sliceable else [9.0, 9.0, 1.0, 3.0])


class _Passing:
    """Batches that can only be gone through."""

    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        return iter(self.batches)


def test_momentum_follows_its_schedule():
    """v ← m·v − rate · gradient; w ← w + v, at a rate of 0.1 on (w − 2)²."""
    net = line()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"momentum": 0.5}, kvstore=None)
    momentum = {0.0: 0.5, 0.5: 0.9}.__getitem__
    list(
        train_epochs(
            trainer,
            lambda number: [1.0, 1.0],
            squares(net),
            constant(0.1),
            epochs=1,
            seed=1,
            momentum=momentum,
        )
    )
    # 0.4, then 0.4 + 0.9 · 0.4 + 0.1 · 2 · 1.6
    np.testing.assert_allclose(net.weight.data().asnumpy(), [[1.08]], rtol=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "nag", "adam"])
def test_every_optimizer_takes_the_scheduled_momentum(optimizer):
    def trained(*momenta):
        net = line()
        name = "beta1" if optimizer == "adam" else "momentum"
        trainer = gluon.Trainer(net.collect_params(), optimizer, {name: 0.9}, kvstore=None)
        left = iter(momenta)
        list(
            train_epochs(
                trainer,
                lambda number: [1.0, 0.5, 0.25],
                squares(net),
                constant(0.1),
                epochs=1,
                seed=1,
                momentum=lambda time: next(left),
            )
        )
        return float(net.weight.data().asscalar())

    assert trained(0.9, 0.9, 0.9) != trained(0.9, 0.6, 0.3)


def test_the_epoch_with_the_lowest_validation_loss_is_kept():
    net = line()
    seen, told = [], []
    losses = iter([3.0, 1.0, 2.0])

    def evaluate():
        seen.append(float(net.weight.data().asscalar()))
        return {"loss": next(losses), "accuracy": 0.5}

    history = fit_network(
        net,
        "sgd",
        {},
        batches=lambda number: [1.0],
        loss=squares(net),
        schedule=constant(0.1),
        epochs=3,
        seed=1,
        evaluate=evaluate,
        run=Run(lambda *both: told.append(both)),
    )
    assert len(set(seen)) == len(told) == 3
    assert float(net.weight.data().asscalar()) == seen[1]
    assert history.best()["epoch"] == 2
    assert [row["validation_loss"] for row in history.epochs] == [3.0, 1.0, 2.0]
    assert history.as_json()["learning_rate"] == [[0.0, 0.1], [1.0, 0.1], [2.0, 0.1]]


def test_convolutions_over_words_are_restored_too():
    """In prediction oneDNN gives Conv1D's weights a layout of its own."""
    net = gluon.nn.Conv1D(64, 3, in_channels=96)
    net.initialize()
    pages = mx.nd.ones((4, 96, 32))
    losses, seen = iter([1.0, 2.0]), []

    def evaluate():
        net(pages).wait_to_read()
        seen.append(net.weight.data().asnumpy())
        return {"loss": next(losses)}

    fit_network(
        net,
        "sgd",
        {},
        batches=lambda number: [pages],
        loss=lambda x: net(x).mean((1, 2)),
        schedule=constant(1.0),
        epochs=2,
        seed=1,
        evaluate=evaluate,
        run=Run(),
    )
    assert not np.array_equal(*seen)
    np.testing.assert_array_equal(net.weight.data().asnumpy(), seen[0])
