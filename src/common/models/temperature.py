"""The temperature that a sequence model's scores are divided by."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar


def best_temperature(loss: Callable[[float], float]) -> float:
    """Temperature in [½, 4] with the lowest loss on validation (Guo et al. 2017, §4.2).

    Args:
        loss: by the temperature's natural logarithm.
    """
    found = minimize_scalar(loss, bounds=(np.log(0.5), np.log(4)), method="bounded")
    return float(np.exp(found.x))
