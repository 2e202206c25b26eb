"""The LSTM that says where documents start."""

import mxnet as mx
import numpy as np
import pytest

from common.job.tables import SequenceHyperparameters
from common.models.boundary_network import (
    LogitNetwork,
    fit_boundary_network,
    load_boundary_network,
    losses,
)
from common.pages.evidence import StreamFeatures

HYPERPARAMETERS = SequenceHyperparameters(
    encoder="lstm", hidden=8, epochs=60, learning_rate=0.02, dropout=0.1
)


def stream_of(features):
    pages = len(features)
    nothing = np.zeros((1, pages, 2), np.float32)
    return StreamFeatures(
        np.asarray(features, np.float32),
        np.zeros((pages, 1), np.float32),
        nothing,
        nothing[:, :, 0],
        np.ones((1, pages), bool),
    )


def streams_of(seed, streams=30, pages=12):
    """A document starts three pages after a flag: no page and no neighbour of it tells."""
    flags = np.random.default_rng(seed).random((streams, pages)) < 0.5
    starts = np.hstack([np.ones((streams, 1), bool), np.zeros((streams, 2), bool), flags[:, :-3]])
    return [stream_of(flag[:, None]) for flag in flags], list(starts)


@pytest.fixture(scope="module")
def trained():
    return fit_boundary_network(*streams_of(1), copies=1, hyperparameters=HYPERPARAMETERS)


def test_it_sees_what_lies_pages_away(trained):
    streams, starts = streams_of(2)
    right = [(trained.logits(s) > 0)[1:] == t[1:] for s, t in zip(streams, starts, strict=True)]
    assert np.mean(right) > 0.85


def test_an_epoch_sees_each_document_once_however_often_it_comes():
    """Copies of the streams, in their own order, make no longer training."""
    streams, starts = streams_of(1, streams=8)
    short = HYPERPARAMETERS.model_copy(update={"epochs": 2, "batch_size": 64})
    once, thrice = (
        fit_boundary_network(
            streams * copies, starts * copies, copies=copies, hyperparameters=short
        ).arrays()
        for copies in (1, 3)
    )
    few = fit_boundary_network(
        streams, starts, copies=1, hyperparameters=short.model_copy(update={"epochs": 1})
    ).arrays()
    name = next(name for name in once if name.endswith("h2h_weight"))
    # One step against two: Adam's first step is as long as the rate, whatever the gradient.
    assert np.abs(thrice[name] - few[name]).max() < np.abs(thrice[name] - once[name]).max()


def test_it_is_what_was_kept(trained):
    (stream, *_), _ = streams_of(3)
    kept = load_boundary_network(trained.arrays())
    np.testing.assert_array_equal(kept.logits(stream), trained.logits(stream))


def test_the_loss_is_cross_entropy_and_its_gradient_that_of_finite_differences():
    """Two streams of unequal length in one batch; the first pages and the padding say nothing."""
    rng = np.random.default_rng(4)
    streams = [stream_of(rng.normal(size=(pages, 3))) for pages in (5, 2)]
    starts = [np.array([True, False, True, True, False]), np.array([True, False])]
    net = LogitNetwork(3, 2, 0.0)
    net.initialize(mx.init.Normal(0.5))
    with mx.autograd.record():
        total = losses(net, streams, starts).sum()
    total.backward()
    expected = 0.0
    for stream, start in zip(streams, starts, strict=True):
        one = mx.nd.array(stream.features[:, None])
        logits = net(one, mx.nd.array([len(start)])).asnumpy()[1:, 0].astype(np.float64)
        expected += np.logaddexp(0, np.where(start[1:], -logits, logits)).sum()
    assert float(total.asscalar()) == pytest.approx(expected, rel=1e-5)
    for parameter in net.collect_params().values():
        if parameter.grad_req == "null":
            continue
        values, gradient = parameter.data().asnumpy(), parameter.grad().asnumpy()
        for place in list(np.ndindex(values.shape))[::3]:
            around = []
            for step in (1e-2, -1e-2):
                moved = values.copy()
                moved[place] += step
                parameter.set_data(mx.nd.array(moved))
                around.append(float(losses(net, streams, starts).sum().asscalar()))
            parameter.set_data(mx.nd.array(values))
            slope = (around[0] - around[1]) / 2e-2
            assert gradient[place] == pytest.approx(slope, abs=2e-3), parameter.name
