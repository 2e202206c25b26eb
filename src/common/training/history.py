"""What happened in training, epoch by epoch, and the parameters of the best one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mxnet import gluon

from common.job.errors import ClientError
from common.training.loop import Epoch

Scores = Mapping[str, float]
Report = Callable[[Epoch, Scores], None]


@dataclass(frozen=True)
class History:
    """`history.json` of an artifact: a row an epoch, and (time in epochs, rate) of each step.

    Of epochs the one with the lowest validation loss was kept; of what `converged`, the last.
    """

    epochs: tuple[Mapping[str, float], ...]
    rates: tuple[tuple[float, float], ...]
    converged: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"epochs": list(self.epochs), "learning_rate": [list(point) for point in self.rates]}

    def best(self) -> dict[str, float]:
        """The row of the epoch that was kept."""
        if self.converged:
            return dict(self.epochs[-1])
        return dict(min(self.epochs, key=lambda row: row["validation_loss"]))


def keep_best(
    net: gluon.Block,
    epochs: Iterable[Epoch],
    *,
    evaluate: Callable[[], Scores],
    report: Report,
) -> History:
    """Run the epochs and leave `net` as it was after the one with the lowest validation loss.

    Args:
        evaluate: scores the net on validation, `loss` among the scores.
        report: is told of every epoch.
    """
    rows: list[Scores] = []
    rates: list[tuple[float, float]] = []
    best, snapshot = float("inf"), {}
    for epoch in epochs:
        scores = evaluate()
        report(epoch, scores)
        if not math.isfinite(epoch.train_loss + scores["loss"]):
            raise ClientError(
                f"training diverged: in epoch {epoch.number} the loss is no longer a finite "
                "number. Lower the learning rate (learning_rate, or the image model's max_lr)."
            )
        validation = {f"validation_{name}": value for name, value in scores.items()}
        rows.append({"epoch": epoch.number, "train_loss": epoch.train_loss, **validation})
        rates += epoch.rates
        if scores["loss"] < best:
            best = scores["loss"]
            snapshot = {name: p.data().copy() for name, p in net.collect_params().items()}
    for name, parameter in net.collect_params().items():
        parameter.set_data(snapshot[name])
    return History(tuple(rows), tuple(rates))
