"""The calculation by numpy, beside the network's own by MXNet."""

import mxnet as mx
import numpy as np
import pytest

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
