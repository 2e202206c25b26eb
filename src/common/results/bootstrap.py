"""Bootstrap over streams: how far a figure would move with other streams.

Pages of one stream depend on each other, streams do not: so whole streams are drawn, with
replacement (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, percentile interval).
A metric is a function of how often each stream counts, which makes a draw a row of a matrix of
weights, and a thousand draws one matrix product over what each stream adds to the metric.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 1000
LEVEL = 0.95
PORTION = 100  # draws at a time, which bounds memory where a metric looks at every segment

WeightedMetric = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Weights [draws, streams] → the metric's value in each draw [draws], nan where undefined."""


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval; None where it is undefined (a share of nothing)."""

    value: float | None
    interval: tuple[float, float] | None

    def as_dict(self) -> dict[str, object]:
        return {"value": self.value, "interval": list(self.interval) if self.interval else None}


def draw_streams(
    streams: int, *, draws: int = DRAWS, seed: int = 0, copies: int = 1
) -> NDArray[np.float64]:
    """How often each stream is drawn, shape [draws, streams]; every row sums to streams / copies.

    Args:
        copies: how many times the same documents come, in streams put together anew. They tell
            little more than once: as many streams are drawn as if they had come once.
    """
    generator = np.random.default_rng(seed)
    drawn = max(1, round(streams / copies))
    counts = generator.multinomial(drawn, np.full(streams, 1 / streams), size=draws)
    return counts.astype(np.float64)


def estimate(metric: WeightedMetric, weights: NDArray[np.float64]) -> Estimate:
    """The metric on every stream once, with the percentile interval over the draws."""
    everything = np.ones((1, weights.shape[1]))
    portions = np.array_split(weights, max(1, len(weights) // PORTION))
    drawn = np.concatenate([metric(portion) for portion in portions])
    return _summarise(metric(everything)[0], drawn)


def paired_difference(
    first: WeightedMetric, second: WeightedMetric, weights: NDArray[np.float64]
) -> Estimate:
    """`first` minus `second` on the same draws: two systems, the same streams.

    Pairing takes out what makes a draw hard for both, so the interval is narrower than those of
    the two systems would suggest.
    """
    return estimate(lambda drawn: first(drawn) - second(drawn), weights)


def _summarise(value: float, drawn: NDArray[np.float64]) -> Estimate:
    defined = drawn[~np.isnan(drawn)]
    if np.isnan(value) or not len(defined):
        return Estimate(None, None)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Estimate(float(value), (float(low), float(high)))


def ratio(numerator: ArrayLike, denominator: ArrayLike, *, empty: float = np.nan) -> WeightedMetric:
    """Σ numerator / Σ denominator over the drawn streams; `empty` where the latter is 0.

    Args:
        numerator, denominator: what each stream adds, shape [streams].
    """
    above, below = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)

    def weighted(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        total = weights @ below
        return np.where(total > 0, (weights @ above) / np.where(total > 0, total, 1), empty)

    return weighted
