"""Inputs less their mean, by their deviation, clipped.

What lies far outside of what training held must not buy certainty.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CLIP = 3.0  # standard deviations
_LEAST = 0.05  # deviation: what hardly varies is not blown up


def mean_and_deviation(rows: NDArray) -> tuple[NDArray, NDArray]:
    """Of each column of rows [rows, width], in their own precision, [width] each."""
    return rows.mean(axis=0), np.maximum(rows.std(axis=0), _LEAST)


def standardised(inputs: NDArray, mean: NDArray, deviation: NDArray) -> NDArray:
    """Inputs [.., width], in the precision of what is known of them."""
    return np.clip((inputs - mean) / deviation, -CLIP, CLIP)
