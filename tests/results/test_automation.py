import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.results.streams import comparisons, make_channel, make_comparison, make_predictions

from common.results.automation import (
    accepted_coverage,
    accepted_precision,
    coverage_at_precision,
    coverage_curve,
)
from common.results.comparison import compare


def once(weighted, comparison):
    return weighted(np.ones((1, len(comparison.streams))))[0]


def test_coverage_by_hand():
    # By confidence: right .9, wrong .8, right .7, right .6. Precision 1, 1/2, 2/3, 3/4.
    comparison = make_comparison(
        {"a": [("x", 1), ("x", 1), ("x", 1), ("x", 1)]},
        {"a": [("x", 1), ("x", 1), ("y", 1), ("x", 1)]},
        confidences=[0.6, 0.9, 0.8, 0.7],
    )
    for target, expected in ((1.0, 1 / 4), (0.75, 1.0), (0.76, 1 / 4), (0.6, 1.0)):
        assert once(coverage_at_precision(comparison, target), comparison) == expected


def test_a_label_that_is_wrong_is_an_error():
    comparison = make_comparison({"a": [("x", 2)]}, {"a": [("y", 2)]})
    assert once(coverage_at_precision(comparison, 0.5), comparison) == 0


def test_no_threshold_lies_between_equal_confidences():
    # One of two at .9 is wrong: taking only the right one would be cheating.
    comparison = make_comparison(
        {"a": [("x", 1), ("x", 1)]}, {"a": [("x", 1), ("y", 1)]}, confidences=[0.9, 0.9]
    )
    assert once(coverage_at_precision(comparison, 0.99), comparison) == 0


@given(comparisons(), st.sampled_from([0.3, 0.5, 2 / 3, 0.9, 1.0]))
def test_coverage_is_the_best_of_all_thresholds(comparison, target):
    confidence = comparison.each("segment_confidence")
    right = comparison.each("exact_with_label")
    shares = [0.0]
    for threshold in confidence:
        taken = confidence >= threshold
        if right[taken].mean() >= target - 1e-12:
            shares.append(taken.mean())
    assert once(coverage_at_precision(comparison, target), comparison) == max(shares)


def test_the_curve_has_a_point_for_each_threshold():
    # .9 right | .8 right, .8 wrong together | .5 wrong: 1/1, 2/3, 2/4.
    comparison = make_comparison(
        {"a": [("x", 1), ("x", 1), ("x", 1), ("x", 1)]},
        {"a": [("x", 1), ("y", 1), ("x", 1), ("y", 1)]},
        confidences=[0.8, 0.8, 0.9, 0.5],
    )
    coverage, precision = coverage_curve(comparison)
    assert coverage.tolist() == [1 / 4, 3 / 4, 1]
    assert precision.tolist() == pytest.approx([1, 2 / 3, 1 / 2])


def test_accepted_segments_by_hand():
    # Accepted from .5 on: .9 right, .8 wrong; .3 right stays with a person. 2/3 covered, 1/2 right.
    truth = {"a": [("x", 1), ("x", 1), ("x", 1)]}
    said = {"a": [("x", 1), ("y", 1), ("x", 1)]}
    comparison = make_comparison(truth, said, confidences=[0.9, 0.8, 0.3])
    assert once(accepted_coverage(comparison), comparison) == pytest.approx(2 / 3)
    assert once(accepted_precision(comparison), comparison) == pytest.approx(1 / 2)


def test_the_precision_of_nothing_is_undefined():
    truth = {"a": [("x", 1)]}
    comparison = compare(make_channel(truth), *make_predictions(truth, [0.4], accepted=0.5))
    assert np.isnan(once(accepted_precision(comparison), comparison))
