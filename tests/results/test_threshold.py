import itertools
from functools import cache
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.results.threshold import NOTHING, choose_threshold


@cache
def forgiven(segments, target):
    """How many faults leave a chance of 1 in 20, were the precision the target; -1 if none does."""
    chance, faults = 0.0, -1
    while True:
        ways = comb(segments, faults + 1)
        chance += ways * (1 - target) ** (faults + 1) * target ** (segments - faults - 1)
        if chance > 0.05:
            return faults
        faults += 1


def by_hand(confidence, right, target):
    """From strict to lenient until a threshold has more faults than are forgiven."""
    segments = len(confidence)
    goal = max(0, forgiven((segments + 1) // 2, target))
    fewest = next(n for n in itertools.count(1) if forgiven(n, target) >= goal)
    found = NOTHING
    for threshold in sorted(set(confidence), reverse=True):
        taken = confidence >= threshold
        if taken.sum() >= fewest:
            if (~right[taken]).sum() > forgiven(int(taken.sum()), target):
                break
            found = threshold
    return found


@given(
    st.lists(
        st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]), st.booleans()),
        min_size=1,
        max_size=60,
    ),
    st.sampled_from([0.04, 0.3, 0.5, 0.8, 0.99]),
)
def test_thresholds_are_tried_from_strict_to_lenient(segments, target):
    confidence = np.array([c for c, _ in segments])
    right = np.array([r for _, r in segments])
    found = choose_threshold(confidence, right, target)
    assert found.threshold == by_hand(confidence, right, target)
    taken = confidence >= found.threshold
    assert (found.accepted, found.segments) == (taken.sum(), len(segments))
    assert found.precision == (right[taken].mean() if taken.any() else 0)


def test_one_fault_among_the_surest_of_many_is_forgiven():
    right = np.ones(1000, bool)
    right[3] = False
    found = choose_threshold(np.linspace(1, 0.9, 1000), right, 0.99)
    assert (found.accepted, found.precision) == (1000, 0.999)


def test_what_comes_after_a_threshold_that_fails_is_not_tried():
    """Of all 200, 92 % are right, which alone would do. But 16 of the surest 26 are wrong."""
    right = np.ones(200, bool)
    right[10:26] = False
    confidence = np.linspace(1, 0.5, 200)
    assert choose_threshold(confidence, right[::-1], 0.87).accepted > 180
    assert choose_threshold(confidence, right, 0.87).accepted == 0


def test_too_few_segments_promise_nothing_and_say_what_they_could():
    """51 without a fault promise 0.94, and 0.99 takes 299."""
    right, confidence = np.ones(51, bool), np.linspace(1, 0.9, 51)
    strict = choose_threshold(confidence, right, 0.99)
    assert (strict.threshold, strict.accepted) == (NOTHING, 0)
    assert "299" in str(strict)
    assert "0.94 or lower" in str(strict)
    kind = choose_threshold(confidence, right, 0.94)
    assert kind.accepted == 51
    assert "51 of 51" in str(kind)
    assert "promises 0.94" in str(kind)
    assert choose_threshold(np.linspace(1, 0.9, 299), np.ones(299, bool), 0.99).accepted == 299
    assert "no number" in str(choose_threshold(confidence, right, 1.0))
    assert "surest of the 51" in str(choose_threshold(confidence, ~right, 0.8))


def calibrated(rng, segments):
    confidence = 1 - rng.beta(0.5, 3, segments)
    return confidence, confidence


def with_ties(rng, segments):
    confidence = np.round(1 - rng.beta(0.5, 3, segments), 1)
    return confidence, confidence


def of_no_meaning(rng, segments):
    """All segments are a little worse than the target, whatever the confidence says."""
    return rng.random(segments), np.full(segments, 0.899)


def too_sure(rng, segments):
    """The surest are hardly better than the target, the rest far worse."""
    confidence = rng.random(segments)
    return confidence, np.where(confidence > 0.5, 0.905, 0.6)


@pytest.mark.parametrize("draw", [calibrated, with_ties, of_no_meaning, too_sure])
@pytest.mark.parametrize("segments", [60, 300])
def test_at_most_one_promise_in_twenty_is_broken(draw, segments):
    """Thousands of validation sets; is the precision of all that is accepted below the target?"""
    target, trials = 0.9, 2000
    confidence, chance = draw(np.random.default_rng(1), 400_000)  # what is accepted later
    order = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(chance[order]) / np.arange(1, len(order) + 1)
    rng = np.random.default_rng(2)
    broken = 0
    for _ in range(trials):
        confidence_here, chance_here = draw(rng, segments)
        right = rng.random(segments) < chance_here
        found = choose_threshold(confidence_here, right, target)
        if found.accepted:
            accepted = np.searchsorted(-confidence[order], -found.threshold, side="right")
            broken += precision[accepted - 1] < target
    assert broken / trials <= 0.05
