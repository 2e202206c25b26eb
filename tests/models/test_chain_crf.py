import itertools
import tracemalloc
from dataclasses import replace

import mxnet as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.models.chain_crf import (
    ChainMarginals,
    ChainScores,
    marginals,
    padded_scores,
    path_score,
    run_messages,
    segment_posterior,
)
from common.models.chain_decoding import decode, decode_each
from common.models.chain_likelihood import ChainLikelihood
from common.models.chain_paths import best_segmentations

CHANGE = np.random.default_rng(8).normal(size=(3, 3))


def random_scores(pages, classes, seed):
    rng = np.random.default_rng(seed)
    draw = [rng.normal(0, 2, shape) for shape in ((pages, classes),) * 2 + ((classes,) * 2,)]
    return ChainScores(*draw)


def path_counts(scores, labels, starts):
    """Marginals of one labelled segmentation that is certain."""
    one_hot = np.eye(scores.first.shape[1])[labels]
    change = np.zeros_like(scores.change)
    begins = np.flatnonzero(starts)[1:]
    np.add.at(change, (labels[begins - 1], labels[begins]), 1)
    return ChainMarginals(one_hot * starts[:, None], one_hot * ~starts[:, None], change)


def all_segmentations(pages, classes):
    """Every (labels, starts) in which a continuation has the class of the page before it."""
    for later in itertools.product([False, True], repeat=pages - 1):
        starts = np.array([True, *later])
        for of_document in itertools.product(range(classes), repeat=int(starts.sum())):
            yield np.array(of_document)[np.cumsum(starts) - 1], starts


CASES = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 10**6))


@settings(max_examples=100)
@given(CASES)
def test_against_brute_force_over_all_segmentations(case):
    pages, classes, seed = case
    scores = random_scores(pages, classes, seed)
    paths = list(all_segmentations(pages, classes))
    path_scores = np.array([path_score(scores, *path) for path in paths])
    log_partition = np.log(np.exp(path_scores).sum())
    probability = np.exp(path_scores - log_partition)
    counts = [path_counts(scores, *path) for path in paths]

    messages = run_messages(scores)
    found = marginals(scores, messages)
    assert messages.log_partition == pytest.approx(log_partition, abs=1e-9)
    for name in ("first", "continuation", "change"):
        expected = sum(p * getattr(one, name) for p, one in zip(probability, counts, strict=True))
        np.testing.assert_allclose(getattr(found, name), expected, atol=1e-9)
    said = decode(scores)
    of_class = [
        p * (one.first + one.continuation) for p, one in zip(probability, counts, strict=True)
    ]
    begun = [p * starts for p, (_, starts) in zip(probability, paths, strict=True)]
    np.testing.assert_allclose(said.class_probability, np.sum(of_class, axis=0), atol=1e-9)
    np.testing.assert_allclose(said.boundary, np.sum(begun, axis=0), atol=1e-9)

    for start, stop in itertools.combinations(range(pages + 1), 2):
        expected = np.zeros(classes)
        for p, (path_labels, path_starts) in zip(probability, paths, strict=True):
            edges = {*np.flatnonzero(path_starts), pages}
            if {start, stop} <= edges and not path_starts[start + 1 : stop].any():
                expected[path_labels[start]] += p
        np.testing.assert_allclose(
            segment_posterior(scores, messages, start, stop), expected, atol=1e-9
        )


@settings(max_examples=300)
@given(CASES, st.integers(1, 12))
def test_the_n_best_segmentations_are_those_of_brute_force(case, n):
    """All of them where there are fewer, each once, with its probability."""
    pages, classes, seed = case
    scores = random_scores(pages, classes, seed)
    every = [path_score(scores, *path) for path in all_segmentations(pages, classes)]
    expected = np.sort(every)[::-1][:n]
    found = best_segmentations(scores, n)
    np.testing.assert_allclose([score for *_, score in found], expected, atol=1e-9)
    for labels, starts, score in found:
        assert path_score(scores, labels, starts) == pytest.approx(score, abs=1e-9)
        assert starts[0]
        assert (labels[1:] == labels[:-1])[~starts[1:]].all()
    assert len({(*labels, *starts) for labels, starts, _ in found}) == len(found)
    chances = np.exp(expected - np.logaddexp.reduce(every))
    said = [one.probability for one in decode(scores, n).best]
    np.testing.assert_allclose(said, chances, atol=1e-9)


def test_a_path_scores_what_its_formula_says():
    scores = random_scores(4, 2, 0)
    f, c, change = scores.first, scores.continuation, scores.change
    by_hand = f[0, 1] + c[1, 1] + change[1, 0] + f[2, 0] + change[0, 0] + f[3, 0]
    labels, starts = np.array([1, 1, 0, 0]), np.array([True, False, True, True])
    assert path_score(scores, labels, starts) == pytest.approx(by_hand)


def test_padded_streams_side_by_side_are_what_each_is_alone():
    alone = [replace(random_scores(pages, 3, pages), change=CHANGE) for pages in (4, 1, 2)]
    padded = [
        np.stack([np.resize(getattr(one, name), (4, 3)) for one in alone], axis=1)
        for name in ("first", "continuation")
    ]
    together = padded_scores(ChainScores(*padded, CHANGE), [4, 1, 2])
    messages = run_messages(together)
    found = marginals(together, messages)
    for stream, one in enumerate(alone):
        pages = len(one.first)
        own = run_messages(one)
        expected = marginals(one, own)
        assert messages.log_partition[stream] == pytest.approx(own.log_partition, abs=1e-12)
        np.testing.assert_allclose(found.first[:pages, stream], expected.first, atol=1e-12)
        np.testing.assert_allclose(
            found.continuation[:pages, stream], expected.continuation, atol=1e-12
        )
        np.testing.assert_allclose(found.change[stream], expected.change, atol=1e-12)


@settings(max_examples=100)
@given(
    st.lists(st.integers(1, 7), min_size=1, max_size=4),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(0, 10**6),
)
def test_what_is_said_of_streams_side_by_side_is_what_is_said_of_each_alone(
    lengths, classes, n_best, seed
):
    rng = np.random.default_rng(seed)
    change = rng.normal(size=(classes, classes))
    alone = [
        replace(random_scores(pages, classes, seed + pages), change=change) for pages in lengths
    ]
    first, continuation = rng.normal(0, 50, (2, max(lengths), len(lengths), classes))
    for stream, one in enumerate(alone):
        first[: lengths[stream], stream] = one.first
        continuation[: lengths[stream], stream] = one.continuation
    together = padded_scores(ChainScores(first, continuation, change), lengths)
    for found, one in zip(decode_each(together, lengths, n_best), alone, strict=True):
        expected = decode(one, n_best)
        for name in ("class_probability", "boundary", "segment"):
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-9)
        for best, best_alone in zip(found.best, expected.best, strict=True):
            assert best.probability == pytest.approx(best_alone.probability, abs=1e-9)
            np.testing.assert_array_equal(best.labels, best_alone.labels)
            np.testing.assert_array_equal(best.starts, best_alone.starts)


@pytest.mark.parametrize("height", [100.0, 250.0, 1e4])
def test_scores_far_apart_lose_nothing(height):
    """Against log-sum-exp over all paths; class 1 may hardly follow class 0, nor start or stay."""
    scores = random_scores(5, 2, 3).scaled(height / 10)
    scores.change[0] = [0, -height]
    paths = list(all_segmentations(5, 2))
    totals = np.array([path_score(scores, *path) for path in paths])
    log_partition = np.logaddexp.reduce(totals)
    messages = run_messages(scores)
    assert messages.log_partition == pytest.approx(log_partition, rel=1e-12)
    expected = sum(
        np.exp(total - log_partition) * path_counts(scores, *path).change
        for total, path in zip(totals, paths, strict=True)
    )
    np.testing.assert_allclose(marginals(scores, messages).change, expected, atol=1e-9)


def test_a_stream_of_3000_pages_stays_normalised():
    scores = random_scores(3000, 10, 1)
    messages = run_messages(scores)
    found = marginals(scores, messages)
    np.testing.assert_allclose((found.first + found.continuation).sum(axis=1), 1, atol=1e-6)
    assert np.isfinite(messages.log_partition)


def test_decoding_and_marginals_need_no_table_of_class_pairs_for_each_page():
    pages, classes = 300, 60
    scores = random_scores(pages, classes, 1)
    tracemalloc.start()
    try:
        decode(scores)
        marginals(scores, run_messages(scores))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < pages * classes**2 * 8 / 2


def test_the_loss_is_that_of_brute_force_and_its_gradient_that_of_finite_differences():
    """Two streams of unequal length in one padded batch."""
    rng = np.random.default_rng(2)
    truths = [
        (np.array([1, 1, 0]), np.array([True, False, True])),
        (np.array([0, 1]), np.array([True, True])),
    ]
    arrays = [rng.normal(size=shape) for shape in ((3, 2, 2), (3, 2, 2), (2, 2))]
    weight = np.array([0.3, 1.7])

    def loss(first, continuation, change):
        total = 0.0
        for stream, (labels, starts) in enumerate(truths):
            here = np.s_[: len(labels), stream]
            own = ChainScores(first[here], continuation[here], change)
            paths = all_segmentations(len(labels), 2)
            partition = np.logaddexp.reduce([path_score(own, *path) for path in paths])
            total += weight[stream] * (partition - path_score(own, labels, starts))
        return total

    inputs = [mx.nd.array(array) for array in arrays]
    for array in inputs:
        array.attach_grad()
    with mx.autograd.record():
        outcome = (ChainLikelihood(truths)(*inputs) * mx.nd.array(weight)).sum()
    outcome.backward()
    assert float(outcome.asscalar()) == pytest.approx(loss(*arrays), abs=1e-5)
    for index, array in enumerate(arrays):
        numeric = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            step = np.zeros_like(array)
            step[place] = 1e-5
            moved = [
                loss(*[a + sign * step if i == index else a for i, a in enumerate(arrays)])
                for sign in (1, -1)
            ]
            numeric[place] = (moved[0] - moved[1]) / 2e-5
        np.testing.assert_allclose(inputs[index].grad.asnumpy(), numeric, atol=1e-5)
