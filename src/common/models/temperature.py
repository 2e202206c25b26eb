"""The temperature that a model's scores are divided by, so that they mean what they say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar

from common.job.files import write_json

_FILE = "calibration.json"  # of a base model's artifact
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


def save_temperature(folder: Path, temperature: float) -> None:
    write_json(folder / _FILE, {"temperature": temperature})


def load_temperature(folder: Path) -> float:
    """What `save_temperature` wrote."""
    return json.loads((folder / _FILE).read_text())["temperature"]
