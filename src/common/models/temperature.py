"""The temperature that a model's scores are divided by, so that they mean what they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar

_RANGE = (np.log(0.5), np.log(4))


def best_temperature(
    loss: Callable[[float], float],
    *,
    bounds: tuple[float, float] = _RANGE,
    doubt: float = np.inf,
) -> float:
    """The temperature with the lowest loss on validation (Guo et al. 2017, §4.2).

    Args:
        loss: by the temperature's natural logarithm.
        bounds: of that logarithm.
        doubt: how far it is expected to be from 0, its deviation as a normal prior: a few pages
            or streams do not say much.
    """
    found = minimize_scalar(
        lambda log_temperature: loss(log_temperature) + (log_temperature / doubt) ** 2 / 2,
        bounds=bounds,
        method="bounded",
    )
    return float(np.exp(found.x))
