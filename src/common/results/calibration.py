"""Do confidences mean what they say? Of all that was said with 0.8, four in five must be right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.results.bootstrap import WeightedMetric
from common.results.comparison import Comparison

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """What was said and what came true, by bin of confidence. Shapes [bins]; nan in empty bins."""

    count: NDArray[np.int64]
    confidence: NDArray[np.float64]  # mean in the bin
    accuracy: NDArray[np.float64]  # share that was right


def bin_of(confidence: NDArray[np.float64], bins: int = BINS) -> NDArray[np.intp]:
    """Bin m holds the confidences in (m/bins, (m+1)/bins]; 0 falls into the first."""
    return np.clip(np.ceil(confidence * bins).astype(np.intp) - 1, 0, bins - 1)


def reliability(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Reliability:
    """Bin confidences [n] and whether each was right [n]."""
    count, said, true = _bin_sums(confidence, right)
    filled = np.where(count > 0, count, np.nan)
    return Reliability(count.astype(np.int64), said / filled, true / filled)


def _bin_sums(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Number, summed confidence and number right of each bin, shape [3, bins]."""
    position = bin_of(confidence)
    rows = (np.ones(len(confidence)), confidence, right.astype(np.float64))
    return np.stack([np.bincount(position, weights=row, minlength=BINS) for row in rows])


def page_ece(comparison: Comparison) -> WeightedMetric:
    """Expected calibration error of the pages' labels."""
    return _ece(
        [
            (stream.page_confidence, stream.true_page_label == stream.predicted_page_label)
            for stream in comparison.streams
        ]
    )


def segment_ece(comparison: Comparison) -> WeightedMetric:
    """Expected calibration error of segments: label and both ends right."""
    return _ece(
        [(stream.segment_confidence, stream.exact_with_label) for stream in comparison.streams]
    )


def stream_ece(comparison: Comparison) -> WeightedMetric:
    """Expected calibration error of whole streams; undefined where nobody said how sure it is."""
    said = [np.array([stream.confidence]) for stream in comparison.streams]
    right = [np.array([stream.flawless]) for stream in comparison.streams]
    known = [~np.isnan(confidence) for confidence in said]
    return _ece([(c[k], r[k]) for c, r, k in zip(said, right, known, strict=True)])


def _ece(streams: list[tuple[NDArray[np.float64], NDArray[np.bool_]]]) -> WeightedMetric:
    """ECE = Σ_m n_m/n · |accuracy(m) − confidence(m)| over 15 bins of equal width.

    Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
    """
    sums = np.stack([_bin_sums(confidence, right) for confidence, right in streams])
    count, said, true = sums.transpose(1, 0, 2)  # each [streams, bins]

    def weighted(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        gap = np.abs(weights @ (true - said)).sum(axis=1)
        total = (weights @ count).sum(axis=1)
        return np.where(total > 0, gap / np.where(total > 0, total, 1), np.nan)

    return weighted
