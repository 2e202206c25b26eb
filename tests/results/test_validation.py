import numpy as np
import pytest
from tests.labelled import channel_of

from common.pages.posteriors import Hypothesis, StreamPosteriors
from common.results.validation import score_streams, threshold_for

CLASSES = ("x", "y")
CHANNEL = channel_of([("x", "ab"), ("y", "c")], [("y", "de")])


def posteriors(starts, labels, segment):
    pages = len(starts)
    return StreamPosteriors(
        best=(Hypothesis(np.array(labels), np.array(starts, bool), 0.5),),
        class_probability=np.full((pages, 2), 0.5),
        boundary=np.full(pages, 0.5),
        segment=np.array(segment),
    )


FOUND = [
    posteriors([1, 0, 1], [0, 0, 1], [[0.9, 0], [0, 0.8]]),
    posteriors([1, 1], [1, 0], [[0, 0.7], [0.6, 0]]),  # one document seen as two
]


def test_scores_by_hand():
    found = score_streams(CHANNEL, CLASSES, FOUND)
    assert found["page_accuracy"] == pytest.approx(4 / 5)
    assert found["boundary_f1"] == pytest.approx(2 / 3)  # one right, one too many
    assert found["segment_f1_with_label"] == pytest.approx(2 * 2 / (3 + 4))


def test_the_threshold_takes_what_is_right_before_what_is_not():
    """Two right ones promise a precision of √0.05."""
    found = threshold_for(CHANNEL, CLASSES, FOUND, 0.22)
    assert (found.threshold, found.accepted, found.segments) == (0.8, 2, 4)
    assert threshold_for(CHANNEL, CLASSES, FOUND, 0.23).accepted == 0
    assert threshold_for(CHANNEL, CLASSES, FOUND, 0.09).accepted == 4
