"""Schedules: functions from time, in epochs, to a learning rate, or to a momentum."""

from __future__ import annotations

import math
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


def triangular2(min_lr: float, max_lr: float, cycle_length: float) -> Schedule:
    """As `triangular`, its height halved with every cycle (Smith 2017, §3.1)."""
    whole = triangular(0, max_lr - min_lr, cycle_length)
    return lambda epoch: min_lr + whole(epoch) / 2 ** (epoch // cycle_length)


def cosine(min_lr: float, max_lr: float, cycle_length: float) -> Schedule:
    """Down from `max_lr` to `min_lr` on a cosine, then anew (Loshchilov & Hutter 2017, eq. 5)."""

    def rate(epoch: float) -> float:
        phase = epoch / cycle_length % 1
        return min_lr + (max_lr - min_lr) * (1 + math.cos(math.pi * phase)) / 2

    return rate


CYCLES: dict[str, Callable[[float, float, float], Schedule]] = {
    "triangular": triangular,
    "triangular2": triangular2,
    "cosine": cosine,
}


def opposed(
    rate: Schedule, min_lr: float, max_lr: float, *, lowest: float, highest: float
) -> Schedule:
    """A momentum that is `lowest` at `max_lr` and `highest` at `min_lr` (Smith 2018, §4.3).

    Where both rates are the same the momentum stays `highest`.
    """
    span = max_lr - min_lr or math.inf
    return lambda epoch: highest - (highest - lowest) * (rate(epoch) - min_lr) / span


def warm_then_decay(rate: float, epochs: int, warm: float = 0.1) -> Schedule:
    """From a tenth of `rate` up to it over the first tenth of the epochs, then down to zero."""
    peak = warm * epochs

    def at(epoch: float) -> float:
        return rate * min(0.1 + 0.9 * epoch / peak, (epochs - epoch) / (epochs - peak))

    return at
