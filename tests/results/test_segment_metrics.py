from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from tests.results.streams import comparisons, make_comparison

from common.results.segment_metrics import (
    mndd,
    pq,
    pq_pooled,
    segment_f1,
    segment_f1_with_label,
    stp,
    stp_boundaries,
)


def once(metric, comparison):
    return metric(comparison)(np.ones((1, len(comparison.streams))))[0]


@pytest.fixture
def worked():
    """Three streams, ten pages:

    a: truth      letter 1–2 | invoice 3–5       b: truth      letter 1–4      c: letter 1
       prediction letter 1–2 | invoice 3–4 | 5      prediction invoice 1–4        letter 1
    """
    return make_comparison(
        {"a": [("letter", 2), ("invoice", 3)], "b": [("letter", 4)], "c": [("letter", 1)]},
        {
            "a": [("letter", 2), ("invoice", 2), ("letter", 1)],
            "b": [("invoice", 4)],
            "c": [("letter", 1)],
        },
    )


def test_exact_segments_by_hand(worked):
    # Exact: a 1–2, b 1–4, c 1 = 3, of 4 true and 5 predicted: 2·3/9. b's label is wrong: 2·2/9.
    assert once(segment_f1, worked) == pytest.approx(6 / 9)
    assert once(segment_f1_with_label, worked) == pytest.approx(4 / 9)


def test_panoptic_quality_by_hand(worked):
    # a: IoU 1 and 2/3 (pages 3–4 of 3–5); TP 2, FP 1, FN 0: (5/3) / 2.5 = 2/3. b, c: 1.
    # Pooled: (5/3 + 1 + 1) / (4 + 1/2).
    assert once(pq, worked) == pytest.approx((2 / 3 + 1 + 1) / 3)
    assert once(pq_pooled, worked) == pytest.approx((11 / 3) / 4.5)


def test_half_an_overlap_is_no_match():
    # Truth 1–2, prediction 1 | 2: both have IoU exactly 1/2, and could not both match.
    comparison = make_comparison({"a": [("x", 2)]}, {"a": [("x", 1), ("x", 1)]})
    assert once(pq, comparison) == 0


def test_pages_to_move_and_flawless_streams_by_hand(worked):
    # a: page 5 has to go back to the invoice: 1. Others 0. Mean over three streams 1/3.
    assert once(mndd, worked) == pytest.approx(1 / 3)
    # Boundaries are right in b and c; labels too in c alone.
    assert once(stp_boundaries, worked) == pytest.approx(2 / 3)
    assert once(stp, worked) == pytest.approx(1 / 3)


def test_one_document_cannot_take_two_partners():
    # Truth 1–3 | 4–6, prediction 1–6: three pages fit, three have to move.
    comparison = make_comparison({"a": [("x", 3), ("x", 3)]}, {"a": [("x", 6)]})
    assert once(mndd, comparison) == 3


def pages_to_move(stream):
    """Every one-to-one assignment tried."""
    true, found = stream.true_segment, stream.predicted_segment
    documents = max(true.max(), found.max()) + 1
    return min(
        sum(true[page] != order[found[page]] for page in range(len(stream)))
        for order in permutations(range(documents))
    )


@given(comparisons(max_streams=2, max_pages=6))
def test_mndd_is_the_best_of_all_assignments(comparison):
    expected = np.mean([pages_to_move(stream) for stream in comparison.streams])
    assert once(mndd, comparison) == pytest.approx(expected)
