import mxnet as mx
import numpy as np
from mxnet import gluon

from common.training.rate_range import rate_range_test


def quadratic():
    """(w x − 1)², w from 0; at x = 1 each step is (1 − 2 · rate) times as far away."""
    net = gluon.nn.Dense(1, in_units=1, use_bias=False)
    net.initialize(mx.init.Zero())
    trainer = gluon.Trainer(net.collect_params(), "sgd", kvstore=None)
    return trainer, lambda x: (net(mx.nd.array([[x]])) - 1).square().reshape(-1)


def run(highest, steps, batches=(1.0, 1.0)):
    trainer, loss = quadratic()
    return rate_range_test(
        trainer, lambda epoch: batches, loss, lowest=0.001, highest=highest, steps=steps, seed=1
    )


def test_every_step_is_taken_at_a_rate_a_factor_higher():
    points = run(0.1, 9)
    np.testing.assert_allclose([rate for rate, _ in points], np.geomspace(0.001, 0.1, 9))
    distance = 1.0
    for rate, loss in points:
        np.testing.assert_allclose(loss, distance**2, rtol=1e-5)
        distance *= 1 - 2 * rate


def test_it_ends_where_the_loss_is_past_hope():
    points = run(1e6, 200, batches=(1.0, 2.0))
    assert 20 < len(points) < 200
    assert np.isfinite([loss for _, loss in points]).all()
    assert points[-1][0] > 0.4
