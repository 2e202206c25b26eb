import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.models import chain_crf, chain_paths
from common.models.segmental_crf import (
    SegmentalScores,
    expected_counts,
    run_messages,
    segment_posterior,
)
from common.models.segmental_model import decode
from common.models.segmental_paths import best_segmentations, path_counts, path_scores

SCORED = ("first", "continuation", "length", "tail", "document", "change")


def random_scores(lengths, classes, limit, seed, document=True, change=True):
    rng = np.random.default_rng(seed)
    streams, pages = len(lengths), max(lengths)
    return SegmentalScores(
        first=rng.normal(0, 2, (streams, pages, classes)),
        continuation=rng.normal(0, 2, (streams, pages, classes)),
        lengths=np.array(lengths),
        length=rng.normal(0, 1, (limit, classes)),
        tail=rng.normal(-1, 1, classes),
        document=rng.normal(0, 1, (streams, pages, limit, classes)) if document else None,
        change=rng.normal(0, 1, (classes, classes)) if change else None,
    )


def all_segmentations(pages, classes):
    """Every (labels, starts)."""
    for later in itertools.product([False, True], repeat=pages - 1):
        starts = np.array([True, *later])
        for of_document in itertools.product(range(classes), repeat=int(starts.sum())):
            yield np.array(of_document)[np.cumsum(starts) - 1], starts


def score_by_formula(scores, stream, labels, starts):
    """The module's formula, segment by segment."""
    total, before = 0.0, None
    edges = [*np.flatnonzero(starts), len(labels)]
    for start, stop in itertools.pairwise(edges):
        k, pages = labels[start], stop - start
        index = min(pages, scores.limit) - 1
        total += scores.first[stream, start, k]
        total += scores.continuation[stream, start + 1 : stop, k].sum()
        total += scores.length[index, k] + max(0, pages - scores.limit) * scores.tail[k]
        if scores.document is not None:
            total += scores.document[stream, start, index, k]
        if scores.change is not None and before is not None:
            total += scores.change[before, k]
        before = k
    return total


CASES = st.builds(
    random_scores,
    st.lists(st.integers(1, 5), min_size=1, max_size=2),
    st.integers(1, 3),
    st.integers(1, 8),
    st.integers(0, 10**6),
    st.booleans(),
    st.booleans(),
)


@settings(max_examples=300)
@given(CASES)
def test_against_brute_force_over_all_segmentations(scores):
    """log Z, marginals, segment posteriors and the n best, with streams side by side."""
    classes = len(scores.tail)
    messages = run_messages(scores)
    found = expected_counts(scores, messages)
    expected = dict.fromkeys(SCORED, 0.0)
    for stream, pages in enumerate(scores.lengths):
        alone = scores.one(stream)
        paths = list(all_segmentations(pages, classes))
        values = np.array([score_by_formula(scores, stream, *path) for path in paths])
        log_partition = np.logaddexp.reduce(values)
        probability = np.exp(values - log_partition)
        assert messages.log_partition[stream] == pytest.approx(log_partition, abs=1e-9)
        check_best(alone, values)
        check_segments(scores, messages, stream, paths, probability)
        for chance, path in zip(probability, paths, strict=True):
            counts = path_counts(alone, [path])
            for name in SCORED:
                if getattr(counts, name) is not None:
                    padded = np.zeros_like(getattr(scores, name))
                    own = getattr(counts, name)
                    if name in ("first", "continuation", "document"):
                        padded[stream, :pages] = own[0]
                    else:
                        padded += own
                    expected[name] = expected[name] + chance * padded
    for name in SCORED:
        if getattr(found, name) is not None:
            np.testing.assert_allclose(getattr(found, name), expected[name], atol=1e-9)


def check_best(scores, values):
    """The five best, of however many there are."""
    best = best_segmentations(scores, 5)
    expected = np.sort(values)[::-1][:5]
    np.testing.assert_allclose([one.score for one in best], expected, atol=1e-9)
    for one in best:
        assert path_scores(scores, [(one.labels, one.starts)])[0] == pytest.approx(one.score)
    assert len({(*one.labels, *one.starts) for one in best}) == len(best)
    chances = np.exp(expected - np.logaddexp.reduce(values))
    said = [one.probability for one in decode(scores, 5).best]
    np.testing.assert_allclose(said, chances, atol=1e-9)
    (alone,) = best_segmentations(scores, 1)
    assert alone.score == pytest.approx(expected[0], abs=1e-9)


def check_segments(scores, messages, stream, paths, probability):
    pages, classes = scores.lengths[stream], len(scores.tail)
    for start, stop in itertools.combinations(range(pages + 1), 2):
        expected = np.zeros(classes)
        for chance, (labels, starts) in zip(probability, paths, strict=True):
            edges = {*np.flatnonzero(starts), pages}
            if {start, stop} <= edges and not starts[start + 1 : stop].any():
                expected[labels[start]] += chance
        found = segment_posterior(scores, messages, stream, start, stop)
        np.testing.assert_allclose(found, expected, atol=1e-9)


@settings(max_examples=50)
@given(CASES)
def test_the_gradient_of_log_z_is_that_of_finite_differences(scores):
    found = expected_counts(scores, run_messages(scores))
    rng = np.random.default_rng(0)
    for name in SCORED:
        array = getattr(scores, name)
        if array is None:
            continue
        step = rng.normal(size=array.shape)
        ends = [
            run_messages(replace(scores, **{name: array + sign * 1e-5 * step})).log_partition.sum()
            for sign in (1, -1)
        ]
        along = (getattr(found, name) * step).sum()
        assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(along, abs=1e-6)


@pytest.mark.parametrize("limit", [1, 2, 5, 50])
@pytest.mark.parametrize("document", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_the_best_alone_is_the_first_of_several(limit, document, seed):
    """The search over positions against A*; tails that pay make documents of many lengths."""
    scores = random_scores([37], 3, limit, seed, document=document, change=False)
    scores = replace(scores, tail=np.random.default_rng(seed).normal(1, 1, 3))
    (alone,), several = best_segmentations(scores, 1), best_segmentations(scores, 2)
    assert alone.score == pytest.approx(several[0].score, abs=1e-9)
    np.testing.assert_array_equal(alone.labels, several[0].labels)
    np.testing.assert_array_equal(alone.starts, several[0].starts)


def test_without_length_scores_it_is_the_linear_chain():
    scores = random_scores([30], 4, 3, 7, document=False)
    flat = replace(scores, length=np.zeros((3, 4)), tail=np.zeros(4))
    chain = chain_crf.ChainScores(flat.first[0], flat.continuation[0], flat.change)
    chain_messages = chain_crf.run_messages(chain)
    expected = chain_crf.marginals(chain, chain_messages)
    messages = run_messages(flat)
    found = expected_counts(flat, messages)
    assert messages.log_partition[0] == pytest.approx(chain_messages.log_partition, abs=1e-9)
    np.testing.assert_allclose(found.first[0], expected.first, atol=1e-9)
    np.testing.assert_allclose(found.continuation[0], expected.continuation, atol=1e-9)
    best = best_segmentations(flat, 7)
    of_chain = chain_paths.best_segmentations(chain, 7)
    for one, (labels, starts, score) in zip(best, of_chain, strict=True):
        np.testing.assert_array_equal(one.labels, labels)
        np.testing.assert_array_equal(one.starts, starts)
        assert one.score == pytest.approx(score)


def test_a_stream_of_3000_pages_stays_normalised():
    scores = random_scores([3000, 17], 5, 12, 1)
    messages = run_messages(scores)
    found = expected_counts(scores, messages)
    per_page = (found.first + found.continuation).sum(axis=2)
    np.testing.assert_allclose(per_page[0], 1, atol=1e-9)
    np.testing.assert_allclose(per_page[1, :17], 1, atol=1e-9)
    np.testing.assert_allclose(per_page[1, 17:], 0, atol=1e-9)
    best = best_segmentations(scores.one(0), 2)
    assert best[0].score >= best[1].score
    assert best[0].score < messages.log_partition[0]


def test_a_document_of_400_pages_is_one_segment():
    """Far beyond the table of lengths, and found as a whole."""
    scores = random_scores([400], 2, 5, 3, document=False, change=False)
    sure = replace(
        scores,
        first=np.full_like(scores.first, -12.0),
        continuation=np.tile([1.0, 0.0], (1, 400, 1)),
        tail=np.array([-0.01, -0.01]),
    )
    best = best_segmentations(sure, 1)[0]
    assert best.starts.sum() == 1
    assert not best.labels.any()
    posterior = segment_posterior(sure, run_messages(sure), 0, 0, 400)
    assert 0.99 < posterior[0] <= 1
