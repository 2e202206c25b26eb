import dataclasses
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


def test_what_cannot_be_read_is_never_accepted():
    channel = channel_of([("x", ["", " "]), ("y", ["c"])])
    first, second = decide(0.5, channel).segments
    assert (first.status, second.status) == ("review", "accepted")
    assert "nothing to read on any page" in first.reasons


def test_what_is_below_the_threshold_and_has_no_doubt_says_so():
    channel = replace(
        CHANNEL, pages=tuple(dataclasses.replace(page, image="i") for page in CHANNEL.pages)
    )
    assert decide(0.94, channel).segments[0].reasons == ("confidence below the threshold",)


@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), st.booleans()), min_size=1),
    st.sampled_from([0.3, 0.5, 0.8, 0.99, 1.0]),
)
def test_the_threshold_accepts_as_much_as_the_target_allows(segments, target):
    """Against trying every confidence: were the precision the target, so many would be luck."""
    confidence = np.array([c for c, _ in segments])
    right = np.array([r for _, r in segments])

    def promised(threshold):
        taken = confidence >= threshold
        return binom.sf(right[taken].sum() - 1, taken.sum(), target) <= 0.05 + 1e-12

    found = choose_threshold(confidence, right, target)
    assert found.threshold == min(filter(promised, confidence), default=NOTHING)
    taken = confidence >= found.threshold
    assert found.accepted == taken.sum()
    assert found.precision == (right[taken].mean() if taken.any() else 0)


def test_too_few_segments_promise_nothing_and_say_what_they_could():
    """51 without a fault promise 0.94, and 0.99 takes 299."""
    right, confidence = np.ones(51, bool), np.linspace(1, 0.9, 51)
    strict = choose_threshold(confidence, right, 0.99)
    assert (strict.threshold, strict.accepted) == (NOTHING, 0)
    assert "299" in str(strict)
    assert "0.94 or lower" in str(strict)
    assert choose_threshold(confidence, right, 0.94).accepted == 51
    assert choose_threshold(np.linspace(1, 0.9, 299), np.ones(299, bool), 0.99).accepted == 299
    assert "no number" in str(choose_threshold(confidence, right, 1.0))
    assert "no confidence" in str(choose_threshold(confidence, ~right, 0.8))


def test_a_promise_is_seldom_broken():
    """Confidences that mean what they say; the target missed in fewer than one in ten trials."""
    rng = np.random.default_rng(0)
    broken = 0
    for _ in range(300):
        confidence = 1 - rng.beta(0.5, 5, 200)
        right = rng.random(200) < confidence
        found = choose_threshold(confidence, right, 0.95)
        accepted = confidence[confidence >= found.threshold]
        broken += len(accepted) > 0 and accepted.mean() < 0.95
    assert broken < 30


def test_the_bound_is_that_of_clopper_and_pearson():
    """At the bound, as many right or more have a chance of one in twenty."""
    right = np.array([True] * 48 + [False] * 2)
    found = choose_threshold(np.linspace(1, 0.5, 50), right, 0.87)
    assert (found.accepted, found.precision) == (50, 0.96)
    assert binom.sf(47, 50, found.lower_bound) == pytest.approx(0.05)


def test_where_the_surest_is_wrong_nothing_is_accepted():
    found = choose_threshold(np.array([0.9, 0.8]), np.array([False, True]), 0.99)
    assert (found.threshold, found.accepted) == (NOTHING, 0)
