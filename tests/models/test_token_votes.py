"""Votes of a network sum to the derivative of its score by a factor on all token vectors."""

from types import SimpleNamespace

import mxnet as mx
import numpy as np
import pytest

from common.models.bert_channel import BertConfig
from common.models.text_bert_network import PageBERT, WindowBatch
from common.models.text_cnn_network import TextCNN, WordBatch
from common.models.token_votes import gradient_times_input, strongest

CLASSES = 3


def cnn():
    net = TextCNN(20, CLASSES, width=6, trigrams=5, filters=7, dropout=0.5)
    rng = np.random.default_rng(0)
    place = np.zeros((1, 32), np.int32)
    place[0, 4:20] = rng.permutation(np.arange(1, 20))[:16]  # no word twice: see the docstring
    trigrams = rng.integers(1, 100, (20, 16)).astype(np.int32)
    return net, WordBatch(np.arange(20, dtype=np.int32), trigrams, place, np.minimum(place, 1))


def bert():
    config = BertConfig(
        num_layers=2, units=16, hidden_size=32, num_heads=2, max_length=16, lower=True
    )
    pieces = np.random.default_rng(0).integers(0, 30, (2, 16)).astype(np.int32)
    valid, share = np.array([16, 9], np.float32), np.full((1, 2), 0.5, np.float32)
    return PageBERT(config, 30, CLASSES, dropout=0.5), WindowBatch(pieces, valid, share)


@pytest.mark.parametrize("make", [cnn, bert])
@pytest.mark.parametrize("label", range(CLASSES))
def test_votes_sum_to_a_finite_difference(make, label):
    net, batch = make()
    mx.random.seed(1)
    net.initialize(mx.init.Normal(0.3))

    def score(factor):
        logits = net.judge(net.read(batch) * factor, batch)[1].asnumpy()[0, :CLASSES]
        return logits[label] - logits.mean()

    votes = gradient_times_input(net, batch, label)
    slope = (score(1.002) - score(0.998)) / 0.004
    np.testing.assert_allclose(votes.sum(), slope, rtol=0.02, atol=2e-3)
    assert np.abs(votes).max() > 1e-3


def test_a_linear_networks_votes_are_its_terms():
    weight = mx.nd.array([[1.0, 0, 0, 0, 0], [0, 3.0, 0, 0, 0]])  # [width, classes + 2]
    net = SimpleNamespace(
        read=lambda batch: batch, judge=lambda tokens, batch: (None, mx.nd.dot(tokens[0], weight))
    )
    tokens = mx.nd.array([[[2.0, 1.0]]])  # logits 2, 3, 0; the first above the mean: 2 − 5 / 3
    np.testing.assert_allclose(gradient_times_input(net, tokens, 0), [[2 - 5 / 3]], rtol=1e-6)


def test_the_strongest_words_are_named_once_and_only_those_in_favour():
    votes = [("a", 0.5), ("b", 2.0), ("a", 0.25), ("c", -1.0), ("d", 0.75)]
    assert strongest(votes, 3) == [("b", 2.0), ("a", 0.75), ("d", 0.75)]
    assert strongest(votes, 9)[-1] == ("d", 0.75)
    assert strongest([], 3) == []
