from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from tests.labelled import channel_of

from common.pages.posteriors import StreamPosteriors
from common.results.decisions import NOTHING, choose_threshold, predictions_of

CLASSES = ("x", "y")
CHANNEL = channel_of([("x", ["a", "b"]), ("y", ["c"])])


def posteriors(**changes):
    values = {
        "labels": np.array([0, 0, 1]),
        "starts": np.array([True, False, True]),
        "class_probability": np.array([[0.95, 0.05], [0.94, 0.06], [0.02, 0.98]]),
        "boundary": np.array([1.0, 0.03, 0.97]),
        "segment": np.array([[0.93, 0.01], [0.0, 0.96]]),
    }
    return StreamPosteriors(**{**values, **changes})


def decide(threshold=0.9, channel=CHANNEL, **changes):
    return predictions_of(channel, CLASSES, [posteriors(**changes)], threshold)


def test_segments_and_pages_are_those_of_the_posteriors():
    pages, segments = decide()
    spans = [(s.document, s.first_page, s.last_page, s.label, s.confidence) for s in segments]
    assert spans == [(1, 1, 2, "x", 0.93), (2, 3, 3, "y", 0.96)]
    assert [page.document for page in pages] == [1, 1, 2]
    assert [page.label for page in pages] == ["x", "x", "y"]
    assert pages[2].first_page == 0.97
    assert pages[0].probabilities == {"x": 0.95, "y": 0.05}
    assert [(a.label, a.confidence) for a in segments[0].alternatives] == [("y", 0.01)]


def test_the_threshold_is_what_divides_accepted_from_review():
    assert [s.status for s in decide(0.93).segments] == ["accepted", "accepted"]
    assert [s.status for s in decide(0.95).segments] == ["review", "accepted"]
    assert [s.status for s in decide(NOTHING).segments] == ["review", "review"]


def test_what_is_accepted_needs_no_reason_and_what_is_not_has_one():
    assert [bool(s.reasons) for s in decide(0.95).segments] == [True, False]


@pytest.mark.parametrize(
    ("changes", "document", "reason"),
    [
        ({"boundary": np.array([1.0, 0.03, 0.6])}, 1, "uncertain boundary after its last page"),
        ({"boundary": np.array([1.0, 0.03, 0.6])}, 2, "uncertain boundary at its first page"),
        ({"boundary": np.array([1.0, 0.3, 0.97])}, 1, "may hold another document"),
        ({"class_probability": np.full((3, 2), 0.5)}, 2, "two labels are possible"),
        ({}, 1, "confidence below the threshold"),
    ],
)
def test_the_reason_is_what_is_doubtful(changes, document, reason):
    pages = tuple(page.model_copy(update={"image": "i.png"}) for page in CHANNEL.pages)
    channel = replace(CHANNEL, pages=pages)  # the lack of bitmaps would be a reason
    assert reason in decide(NOTHING, channel, **changes).segments[document - 1].reasons


def test_a_page_that_lacks_text_or_bitmap_is_a_reason():
    channel = channel_of([("x", ["a", ""]), ("y", ["c"])])
    reasons = decide(NOTHING, channel).segments[0].reasons
    assert {"a page without text", "a page without bitmap"} <= set(reasons)


@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), st.booleans()), min_size=1),
    st.sampled_from([0.5, 0.8, 0.99, 1.0]),
)
def test_the_threshold_accepts_as_much_as_the_target_allows(segments, target):
    """Against trying every confidence as the threshold."""
    confidence = np.array([c for c, _ in segments])
    right = np.array([r for _, r in segments])
    allowed = [c for c in confidence if right[confidence >= c].mean() >= target - 1e-9]
    found = choose_threshold(confidence, right, target)
    assert found.threshold == min(allowed, default=NOTHING)
    taken = confidence >= found.threshold
    assert found.accepted == taken.sum()
    assert found.precision == (right[taken].mean() if taken.any() else 0)


def test_the_bound_is_that_of_clopper_and_pearson():
    """At the bound, as many right or more have a chance of one in twenty."""
    right = np.array([True] * 48 + [False] * 2)
    found = choose_threshold(np.linspace(1, 0.5, 50), right, 0.9)
    assert (found.accepted, found.precision) == (50, 0.96)
    assert binom.sf(47, 50, found.lower_bound) == pytest.approx(0.05)


def test_where_the_surest_is_wrong_nothing_is_accepted():
    found = choose_threshold(np.array([0.9, 0.8]), np.array([False, True]), 0.99)
    assert (found.threshold, found.accepted) == (NOTHING, 0)
