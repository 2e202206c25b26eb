import dataclasses
from dataclasses import replace

import numpy as np
import pytest
from tests.labelled import channel_of

from common.pages.posteriors import Hypothesis, StreamPosteriors
from common.results.decisions import predictions_of
from common.results.novelty import Familiarity, unquestioned
from common.results.threshold import NOTHING

CLASSES = ("x", "y")
CHANNEL = channel_of([("x", ["a", "b"]), ("y", ["c"])])


def posteriors(**changes):
    values = {
        "best": (
            Hypothesis(np.array([0, 0, 1]), np.array([True, False, True]), 0.9),
            Hypothesis(np.array([1, 1, 1]), np.array([True, False, True]), 0.05),
        ),
        "class_probability": np.array([[0.95, 0.05], [0.94, 0.06], [0.02, 0.98]]),
        "boundary": np.array([1.0, 0.03, 0.97]),
        "segment": np.array([[0.93, 0.01], [0.0, 0.96]]),
    }
    return StreamPosteriors(**{**values, **changes})


def decide(threshold=0.9, channel=CHANNEL, seen=None, **changes):
    seen = seen or unquestioned(len(channel))
    return predictions_of(channel, CLASSES, [posteriors(**changes)], threshold, seen)


def test_segments_and_pages_are_those_of_the_posteriors():
    pages, segments, _ = decide()
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
        ({}, 1, "no threshold could be set"),
    ],
)
def test_the_reason_is_what_is_doubtful(changes, document, reason):
    pages = tuple(dataclasses.replace(page, image="i.png") for page in CHANNEL.pages)
    channel = replace(CHANNEL, pages=pages)  # the lack of bitmaps would be a reason
    assert reason in decide(NOTHING, channel, **changes).segments[document - 1].reasons


def with_images(channel, *rows):
    pages = [
        dataclasses.replace(page, image="i.png" if row in rows else None)
        for row, page in enumerate(channel.pages)
    ]
    return replace(channel, pages=tuple(pages))


def test_a_page_that_lacks_what_others_have_is_a_reason():
    channel = with_images(channel_of([("x", ["a", ""]), ("y", ["c"])]), 1, 2)
    reasons = decide(NOTHING, channel).segments[0].reasons
    assert {"a page without text", "a page without bitmap"} <= set(reasons)


def test_what_no_page_of_a_channel_has_is_no_reason():
    assert "a page without bitmap" not in decide(NOTHING).segments[0].reasons


def test_a_document_with_a_page_that_cannot_be_read_is_never_accepted():
    """Blank pages must not go into a neighbour unseen."""
    seen = Familiarity(np.zeros(3), np.array([False, True, False]), limit=0.9)
    first, second = decide(0.5, seen=seen).segments
    assert (first.status, second.status) == ("review", "accepted")
    assert first.reasons[0] == "a page with nothing to read"


def test_what_is_unlike_the_training_pages_is_never_accepted():
    """The mean of the document's pages counts, and what is as unlike as the limit is unlike."""
    seen = Familiarity(np.array([0.9, 0.7, 0.79]), np.zeros(3, bool), limit=0.8)
    pages, (first, second), _ = decide(0.5, seen=seen)
    assert (first.status, second.status) == ("review", "accepted")
    assert first.reasons[0] == "unlike the training pages"
    assert (first.novelty, second.novelty) == pytest.approx((0.8, 0.79))
    assert [page.novelty for page in pages] == [0.9, 0.7, 0.79]


def test_what_is_below_the_threshold_and_has_no_doubt_says_so():
    channel = replace(
        CHANNEL, pages=tuple(dataclasses.replace(page, image="i") for page in CHANNEL.pages)
    )
    assert decide(0.94, channel).segments[0].reasons == ("confidence below the threshold",)
