import numpy as np
import pytest
from tests.results.streams import make_channel, make_comparison, make_predictions

from common.results.calibration import bin_of, page_ece, reliability, segment_ece, stream_ece
from common.results.comparison import compare
from common.results.readings import ReadDocument, Reading, StreamPrediction


def once(metric, comparison):
    return metric(comparison)(np.ones((1, len(comparison.streams))))[0]


@pytest.mark.parametrize(
    ("confidence", "expected"), [(0.0, 0), (1 / 15, 0), (1 / 15 + 1e-9, 1), (0.5, 7), (1.0, 14)]
)
def test_bins_are_open_below_and_closed_above(confidence, expected):
    assert bin_of(np.array([confidence]))[0] == expected


def test_ece_by_hand():
    # Segments: 0.95 right and 0.97 wrong share the last bin (14/15, 1]: said 1.92/2, true 1/2,
    # gap |1 − 1.92| = 0.92 in sum. 0.30 right: gap 0.70. Segment ECE (0.92 + 0.70)/3.
    # Pages weigh by length 1, 3, 2: last bin |1 − (0.95 + 3·0.97)| = 2.86, other 2·0.70.
    comparison = make_comparison(
        {"a": [("x", 1), ("x", 3), ("x", 2)]},
        {"a": [("x", 1), ("y", 3), ("x", 2)]},
        confidences=[0.95, 0.97, 0.30],
    )
    assert once(segment_ece, comparison) == pytest.approx((0.92 + 0.70) / 3)
    assert once(page_ece, comparison) == pytest.approx((2.86 + 1.40) / 6)


def test_gaps_of_different_streams_may_cancel_within_a_bin():
    # Both say 0.5 in the same bin, one right and one wrong: perfectly calibrated together.
    comparison = make_comparison(
        {"a": [("x", 1)], "b": [("x", 1)]}, {"a": [("x", 1)], "b": [("y", 1)]}, [0.5, 0.5]
    )
    assert once(page_ece, comparison) == pytest.approx(0)


def test_reliability_tells_mean_confidence_and_share_right_by_bin():
    found = reliability(np.array([0.91, 0.93, 0.2]), np.array([True, False, True]))
    assert found.count[[2, 13]].tolist() == [1, 2]
    assert found.count.sum() == 3
    assert found.confidence[13] == pytest.approx(0.92)
    assert found.accuracy[[2, 13]].tolist() == [1.0, 0.5]
    assert np.isnan(found.accuracy[0])


def test_the_streams_calibration_counts_whole_streams_of_which_it_was_said():
    """0.9, 0.8 are right, 0.7 has a wrong label, 0.6 a wrong end; nothing is said of the last."""
    truth = {name: [("x", 1), ("y", 1)] for name in "abcde"}
    said = {**truth, "c": [("x", 1), ("x", 1)], "d": [("x", 2)], "e": [("y", 2)]}
    chances = (0.9, 0.8, 0.7, 0.6)
    reading = (Reading(1.0, (ReadDocument(1, 1, "x"),)),)
    whole = [StreamPrediction(name, c, reading) for name, c in zip("abcd", chances, strict=True)]
    pages, segments, _ = make_predictions(said)
    comparison = compare(make_channel(truth), pages, segments, whole)
    assert once(stream_ece, comparison) == pytest.approx((0.1 + 0.2 + 0.7 + 0.6) / 4)
    of_none = compare(make_channel(truth), pages, segments)
    assert np.isnan(once(stream_ece, of_none))
    # In a draw of streams of which nothing is known there is nothing to say either.
    only_e = np.array([[0.0, 0, 0, 0, 2], [0, 0, 0, 1, 1]])
    np.testing.assert_allclose(stream_ece(comparison)(only_e), [np.nan, 0.6])
