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

    `kept` is the number of the epoch whose parameters the model has. Where it has those of several
    epochs, `together` are their scores on validation as one.
    """

    epochs: tuple[Mapping[str, float], ...]
    rates: tuple[tuple[float, float], ...]
    kept: int
    together: Scores | None = None

    def as_json(self) -> dict[str, Any]:
        return {"epochs": list(self.epochs), "learning_rate": [list(point) for point in self.rates]}

    def best(self) -> dict[str, float]:
        """The figures of what was kept: its epoch's row, or how good several are together."""
        if self.together is not None:
            return validation_row(self.together)
        return dict(next(row for row in self.epochs if row["epoch"] == self.kept))


def validation_row(scores: Scores) -> dict[str, float]:
    """Scores on validation as a row of the history names them."""
    return {f"validation_{name}": value for name, value in scores.items()}
