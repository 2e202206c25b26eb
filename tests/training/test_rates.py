import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.training.rates import (
    constant,
    cosine,
    opposed,
    triangular,
    triangular2,
    warm_then_decay,
)


@given(st.floats(0, 200), st.integers(2, 50))
def test_triangular_is_the_formula_of_the_paper(epoch, cycle_length):
    """Smith 2017: cycle = ⌊1 + t / 2s⌋, x = |t / s − 2 cycle + 1|, rate = lo + (hi − lo)(1 − x)."""
    step_size = cycle_length / 2
    cycle = np.floor(1 + epoch / (2 * step_size))
    x = abs(epoch / step_size - 2 * cycle + 1)
    expected = 0.0001 + (0.1 - 0.0001) * max(0, 1 - x)
    assert triangular(0.0001, 0.1, cycle_length)(epoch) == pytest.approx(expected, abs=1e-12)


def test_a_cycle_of_ten_epochs_by_hand():
    rate = triangular(0.0, 1.0, 10)
    found = [rate(epoch) for epoch in (0, 2.5, 5, 7.5, 10, 15)]
    assert found == pytest.approx([0, 0.5, 1, 0.5, 0, 1])


def test_warm_then_decay_peaks_after_a_tenth_and_ends_at_zero():
    rate = warm_then_decay(0.01, 50)
    assert rate(0) == pytest.approx(0.001)
    assert rate(5) == pytest.approx(0.01)
    assert rate(50) == pytest.approx(0, abs=1e-15)
    assert max(rate(t) for t in np.linspace(0, 50, 501)) == pytest.approx(0.01)


def test_triangular2_halves_the_height_with_every_cycle():
    rate = triangular2(0.1, 0.9, 10)
    found = [rate(epoch) for epoch in (0, 5, 10, 12.5, 15, 20, 25)]
    assert found == pytest.approx([0.1, 0.9, 0.1, 0.3, 0.5, 0.1, 0.3])


def test_cosine_restarts_at_the_top_of_every_cycle():
    """Loshchilov & Hutter 2017, equation 5, at thirds and halves of a cycle."""
    rate = cosine(0.2, 1.0, 6)
    found = [rate(epoch) for epoch in (0, 2, 3, 4, 6, 9)]
    assert found == pytest.approx([1.0, 0.8, 0.6, 0.4, 1.0, 0.6])
    assert rate(6 - 1e-6) == pytest.approx(0.2)


def test_momentum_is_lowest_where_the_rate_is_highest():
    rate = triangular(0.01, 0.11, 10)
    momentum = opposed(rate, 0.01, 0.11, lowest=0.85, highest=0.95)
    assert [momentum(epoch) for epoch in (0, 2.5, 5, 10)] == pytest.approx([0.95, 0.9, 0.85, 0.95])
    assert opposed(constant(0.1), 0.1, 0.1, lowest=0.8, highest=0.9)(3) == pytest.approx(0.9)
