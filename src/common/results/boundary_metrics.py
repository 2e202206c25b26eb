"""Where documents start.

A boundary lies between two neighbouring pages of a stream. A stream's first page starts a
document whatever anybody says, so it does not count.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from common.results.bootstrap import WeightedMetric, ratio
from common.results.comparison import Comparison, StreamComparison


def boundary_precision(comparison: Comparison) -> WeightedMetric:
    """TP / (TP + FP): share of the predicted boundaries that are true."""
    hits, predicted, true = _counts(comparison)
    return _share(hits, predicted, true)


def boundary_recall(comparison: Comparison) -> WeightedMetric:
    """TP / (TP + FN): share of the true boundaries that were found."""
    hits, predicted, true = _counts(comparison)
    return _share(hits, true, predicted)


def boundary_f1(comparison: Comparison) -> WeightedMetric:
    """2 TP / (2 TP + FP + FN); 1 where there is no boundary and none was predicted."""
    hits, predicted, true = _counts(comparison)
    return ratio(2 * hits, predicted + true, empty=1.0)


def _counts(comparison: Comparison) -> NDArray[np.float64]:
    """Hits, predicted and true boundaries, shape [3, streams]."""
    pairs = [(stream.true_boundary, stream.predicted_boundary) for stream in comparison.streams]
    counts = [[(true & found).sum(), found.sum(), true.sum()] for true, found in pairs]
    return np.array(counts, dtype=np.float64).T


def _share(
    hits: NDArray[np.float64], of: NDArray[np.float64], others: NDArray[np.float64]
) -> WeightedMetric:
    """Σ hits / Σ of; a share of nothing is 1 if there was nothing to find either, else 0."""
    filled, nothing = ratio(hits, of, empty=0.0), ratio(of + others, of + others, empty=0.0)
    return lambda weights: np.where(nothing(weights) == 0, 1.0, filled(weights))


def window_diff(comparison: Comparison) -> WeightedMetric:
    """WindowDiff, mean over the streams that are long enough for a window; 0 is perfect.

    WD = 1/(N−k) Σ_{i=1}^{N−k} [ b_true(i, i+k) ≠ b_predicted(i, i+k) ], where b(i, j) counts the
    boundaries between pages i and j of N, and k is half the mean length of a true segment,
    rounded (Pevzner and Hearst, "A Critique and Improvement of an Evaluation Metric for Text
    Segmentation", Computational Linguistics 28(1), 2002).
    """
    differences = [_window_differences(stream) for stream in comparison.streams]
    errors = [windows.mean() if len(windows) else 0.0 for windows in differences]
    return ratio(errors, [len(windows) > 0 for windows in differences], empty=0.0)


def _window_differences(stream: StreamComparison) -> NDArray[np.bool_]:
    """Does truth differ from prediction in each window? Shape [pages - k]."""
    width = max(1, round(len(stream) / len(stream.true_labels) / 2))
    # Segments are numbered in order, so a difference of numbers counts the boundaries between.
    true, found = stream.true_segment, stream.predicted_segment
    return (true[width:] - true[:-width]) != (found[width:] - found[:-width])
