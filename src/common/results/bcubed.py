"""B-cubed: a page's document, seen as the cluster of pages that were put together with it.

For page i in true segment T(i) and predicted segment P(i): precision |T(i) ∩ P(i)| / |P(i)|,
recall |T(i) ∩ P(i)| / |T(i)|; both are means over all pages of all streams. (Bagga and Baldwin,
"Entity-Based Cross-Document Coreferencing Using the Vector Space Model", ACL 1998.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from common.results.bootstrap import WeightedMetric, ratio
from common.results.comparison import Comparison


def bcubed_precision(comparison: Comparison) -> WeightedMetric:
    """Mean share of a page's predicted document that truly belongs with it."""
    precision, _, pages = _sums(comparison)
    return ratio(precision, pages)


def bcubed_recall(comparison: Comparison) -> WeightedMetric:
    """Mean share of a page's true document that was put together with it."""
    _, recall, pages = _sums(comparison)
    return ratio(recall, pages)


def bcubed_f1(comparison: Comparison) -> WeightedMetric:
    """Harmonic mean of B-cubed precision and recall."""
    precision, recall = bcubed_precision(comparison), bcubed_recall(comparison)

    def weighted(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        p, r = precision(weights), recall(weights)
        return 2 * p * r / (p + r)  # never 0/0: a page always shares itself

    return weighted


def _sums(comparison: Comparison) -> NDArray[np.float64]:
    """Sums of precision and recall over pages, and pages, shape [3, streams]."""
    sums = []
    for stream in comparison.streams:
        shared = stream.overlap.astype(np.float64) ** 2  # |T ∩ P| pages, each with |T ∩ P|
        lengths, true_lengths = stream.overlap.sum(axis=0), stream.overlap.sum(axis=1)
        precision = (shared / lengths).sum()
        recall = (shared / true_lengths[:, None]).sum()
        sums.append((precision, recall, len(stream)))
    return np.array(sums, dtype=np.float64).T
