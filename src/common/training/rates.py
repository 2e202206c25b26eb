"""Learning-rate schedules: a function from time, in epochs, to a rate."""

from __future__ import annotations

from collections.abc import Callable

Schedule = Callable[[float], float]


def constant(rate: float) -> Schedule:
    return lambda epoch: rate


def triangular(min_lr: float, max_lr: float, cycle_length: float) -> Schedule:
    """Up from `min_lr` to `max_lr` in half a cycle and down again (Smith 2017, §3.1).

    Args:
        cycle_length: epochs of one full cycle.
    """

    def rate(epoch: float) -> float:
        phase = epoch / cycle_length % 1
        return min_lr + (max_lr - min_lr) * (1 - abs(2 * phase - 1))

    return rate


def warm_then_decay(rate: float, epochs: int, warm: float = 0.1) -> Schedule:
    """From a tenth of `rate` up to it over the first tenth of the epochs, then down to zero."""
    peak = warm * epochs

    def at(epoch: float) -> float:
        return rate * min(0.1 + 0.9 * epoch / peak, (epochs - epoch) / (epochs - peak))

    return at
