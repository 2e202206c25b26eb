"""Segments in the order in which they would be accepted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def by_confidence(confidence: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Rows from the most confident on, and after which of them a threshold may lie; [segments].

    No threshold lies between equal confidences: they are accepted or reviewed together.
    """
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    return order, np.append(ranked[1:] != ranked[:-1], True)[: len(order)]
