"""Which epoch of a training run is kept, and when the run has gone on long enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """Of the scores on validation, `metric` chooses: the least loss, the most of any other.

    After `patience` epochs without a better one training stops; 0 goes on to the last.
    """

    metric: str = "loss"
    patience: int = 0

    def prefers(self, scores: Mapping[str, float], row: Mapping[str, float]) -> bool:
        """Are the scores better than those of an earlier epoch's row in the history?

        Where the metric is the same, or undefined on these pages, the lower loss is better.
        """
        earlier = {name: row.get(f"validation_{name}") for name in ("loss", self.metric)}
        new, old = scores.get(self.metric), earlier[self.metric]
        if self.metric != "loss" and new is not None and old is not None and new != old:
            return new > old
        loss = earlier["loss"]
        return loss is None or scores["loss"] < loss

    def gives_up(self, epoch: int, kept: int) -> bool:
        """Is there, after `epoch`, no more hope of a better one than `kept`?"""
        return bool(self.patience) and epoch - kept >= self.patience


FIRST_CHOICE = Choice()
