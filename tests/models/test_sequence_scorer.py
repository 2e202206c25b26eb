"""The calculation by numpy, beside the network's own by MXNet."""

from unittest import mock

import mxnet as mx
import numpy as np
import pytest

from common.models import lstm
from common.models.sequence_network import SequenceNetwork
from common.models.sequence_scorer import scorer_of


@pytest.mark.parametrize("encoder", ["none", "lstm"])
def test_the_scores_are_those_of_the_network(encoder):
    """Of three streams side by side, with inputs far out and a page of which nothing is known."""
    lengths = np.array([9, 1, 4])
    net = SequenceNetwork(5, 4, 2, encoder=encoder, hidden=3, dropout=0.5)
    net.initialize(mx.init.Normal(0.7))
    rng = np.random.default_rng(3)
    for parameter in net.collect_params().values():  # biases and deviations, too
        parameter.set_data(mx.nd.array(0.2 + np.abs(rng.normal(size=parameter.shape))))
    net.encoder.initialize(mx.init.Normal(0.7), force_reinit=True)
    features = rng.normal(0, 3, (9, 3, 5)).astype(np.float32)
    class_votes = rng.normal(size=(2, 9, 3, 4)).astype(np.float32)
    class_votes[:, 2, 0] = 0
    boundary_votes = rng.normal(size=(2, 9, 3)).astype(np.float32)
    inputs = features, class_votes, boundary_votes, lengths
    expected = [score.asnumpy() for score in net(*map(mx.nd.array, inputs))]
    found = scorer_of(net)(*inputs)
    for stream, pages in enumerate(lengths):
        for name, score in zip(("first", "continuation"), expected, strict=False):
            own = getattr(found, name)
            assert own.dtype == np.float64
            np.testing.assert_allclose(own[:pages, stream], score[:pages, stream], atol=2e-5)
    np.testing.assert_array_equal(found.change, expected[2])


@pytest.mark.parametrize(("pages", "left"), [(199, False), (200, True)])
def test_a_long_stream_alone_is_left_to_mxnet(pages, left):
    """And its scores are those that it has twice side by side, where it is not."""
    net = SequenceNetwork(5, 4, 1, encoder="lstm", hidden=3, dropout=0.5)
    net.initialize(mx.init.Normal(0.7))
    rng = np.random.default_rng(3)
    features = rng.normal(size=(pages, 1, 5)).astype(np.float32)
    votes = rng.normal(size=(1, pages, 1, 4)).astype(np.float32)
    scorer = scorer_of(net)
    with mock.patch.object(lstm, "_run", wraps=lstm._run) as by_numpy:
        alone = scorer(features, votes, votes[..., 0], np.array([pages]))
        assert by_numpy.call_count == (0 if left else 1)
        two = [np.concatenate([each, each], axis=1) for each in (features, votes[0])]
        twice = scorer(two[0], two[1][None], two[1][None, ..., 0], np.array([pages, pages]))
        assert by_numpy.call_count == (1 if left else 2)
    np.testing.assert_allclose(twice.first, np.repeat(alone.first, 2, axis=1), atol=1e-5)
