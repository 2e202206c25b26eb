from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.results.streams import comparisons

from common.results.bootstrap import Estimate, draw_streams, estimate, paired_difference, ratio
from common.results.catalogue import catalogue

METRICS = catalogue(0.9)


def test_every_draw_has_as_many_streams_as_there_are():
    weights = draw_streams(7, draws=50)
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()
    assert (weights == 0).any()


def test_draws_depend_on_the_seed_alone():
    assert (draw_streams(5, seed=3) == draw_streams(5, seed=3)).all()
    assert (draw_streams(5, seed=3) != draw_streams(5, seed=4)).any()


@settings(max_examples=60)
@given(comparisons(), st.data())
def test_a_weight_is_a_repetition_of_the_stream(comparison, data):
    """Every metric on weights is the metric on a comparison that repeats the streams."""
    streams = comparison.streams
    counts = data.draw(
        st.lists(st.integers(0, 3), min_size=len(streams), max_size=len(streams)).filter(any)
    )
    repeated = replace(
        comparison,
        streams=tuple(
            stream for stream, count in zip(streams, counts, strict=True) for _ in range(count)
        ),
    )
    once = np.ones((1, len(repeated.streams)))
    for name, metric in METRICS.items():
        weighted = metric.of(comparison)(np.array([counts], dtype=float))
        expected = metric.of(repeated)(once)
        assert weighted == pytest.approx(expected, nan_ok=True), name


def test_the_interval_is_that_of_the_mean():
    # 400 streams, half of them 1: the mean has standard error √(¼/400) = .025.
    values = np.repeat([0.0, 1.0], 200)
    found = estimate(ratio(values, np.ones(400)), draw_streams(400))
    assert found.value == 0.5
    assert found.interval == pytest.approx((0.5 - 1.96 * 0.025, 0.5 + 1.96 * 0.025), abs=0.006)


def test_one_stream_leaves_nothing_to_draw():
    assert estimate(ratio([3], [4]), draw_streams(1)) == Estimate(0.75, (0.75, 0.75))


def test_a_share_of_nothing_has_no_value():
    assert estimate(ratio([0, 0], [0, 0]), draw_streams(2)) == Estimate(None, None)


def test_draws_without_a_value_leave_the_interval_to_the_others():
    # Stream 2 alone has something to divide by; a quarter of the draws lacks it.
    assert estimate(ratio([0, 1], [0, 2]), draw_streams(2)) == Estimate(0.5, (0.5, 0.5))


def test_pairing_finds_a_small_gain_on_streams_that_differ_much():
    generator = np.random.default_rng(0)
    hard = generator.uniform(0, 1, 50)
    better, worse = ratio(hard + 0.05, np.ones(50)), ratio(hard, np.ones(50))
    weights = draw_streams(50)
    low, high = estimate(better, weights).interval
    assert high - low > 0.1
    difference = paired_difference(better, worse, weights)
    assert (difference.value, *difference.interval) == pytest.approx((0.05, 0.05, 0.05))


def test_a_difference_has_a_direction():
    ones = np.ones(4)
    difference = paired_difference(ratio(ones, ones), ratio(0 * ones, ones), draw_streams(4))
    assert difference.value == 1
