"""What happened in training, epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from common.training.loop import Epoch

Scores = Mapping[str, float]
Report = Callable[[Epoch, Scores], None]


@dataclass(frozen=True)
class History:
    """`history.json` of an artifact: a row an epoch, and (time in epochs, rate) of each step.

    `kept` is the number of the epoch whose parameters the model has.
    """

    epochs: tuple[Mapping[str, float], ...]
    rates: tuple[tuple[float, float], ...]
    kept: int

    def as_json(self) -> dict[str, Any]:
        return {"epochs": list(self.epochs), "learning_rate": [list(point) for point in self.rates]}

    def best(self) -> dict[str, float]:
        """The row of the epoch that was kept."""
        return dict(next(row for row in self.epochs if row["epoch"] == self.kept))
