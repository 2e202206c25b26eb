import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.training.rates import triangular, warm_then_decay


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
