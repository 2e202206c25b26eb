"""How many segments may pass without a person, and how many of those are right.

A segment is right when its label and both ends are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from common.results.bootstrap import WeightedMetric, ratio
from common.results.comparison import Comparison
from common.results.ranking import by_confidence


def coverage_at_precision(comparison: Comparison, target: float) -> WeightedMetric:
    """Highest share of predicted segments, taken by confidence, at which precision ≥ `target`.

    The threshold is chosen with the answers in view: this says how good the order of the
    confidences is, an upper bound for any threshold, and `accepted_coverage` what was reached by
    the one that was set. Segments of equal confidence come together. 0 where even the most
    confident ones miss the target. (Selective classification: El-Yaniv and Wiener, JMLR 2010;
    Geifman and El-Yaniv, NeurIPS 2017.)
    """
    order, ends = by_confidence(comparison.each("segment_confidence"))
    lengths = [len(stream.predicted_labels) for stream in comparison.streams]
    stream_of = np.repeat(np.arange(len(lengths)), lengths)[order]
    right = comparison.each("exact_with_label")[order].astype(np.float64)

    def weighted(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        drawn = weights[:, stream_of]
        taken = np.cumsum(drawn, axis=1)
        good = np.cumsum(drawn * right, axis=1)
        # A tolerance for the rounding of target · taken, far below one segment.
        allowed = ends & (good >= target * taken - 1e-9)
        return np.where(allowed, taken, 0).max(axis=1) / taken[:, -1]

    return weighted


def coverage_curve(
    comparison: Comparison,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coverage and precision for every threshold, from the strictest on; shapes [thresholds]."""
    order, ends = by_confidence(comparison.each("segment_confidence"))
    taken = np.arange(1, len(order) + 1)
    good = np.cumsum(comparison.each("exact_with_label")[order])
    return (taken / len(order))[ends], (good / taken)[ends]


def accepted_coverage(comparison: Comparison) -> WeightedMetric:
    """Share of predicted segments with status `accepted`."""
    accepted = [stream.accepted.sum() for stream in comparison.streams]
    return ratio(accepted, [len(stream.accepted) for stream in comparison.streams])


def accepted_precision(comparison: Comparison) -> WeightedMetric:
    """Share of the accepted segments that are right; undefined where none was accepted."""
    accepted = [stream.accepted.sum() for stream in comparison.streams]
    right = [(stream.accepted & stream.exact_with_label).sum() for stream in comparison.streams]
    return ratio(right, accepted)
