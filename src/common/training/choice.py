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
        """Are the scores better than those of an earlier epoch's row in the history?"""
        new, old = scores[self.metric], row[f"validation_{self.metric}"]
        return new < old if self.metric == "loss" else new > old

    def gives_up(self, epoch: int, kept: int) -> bool:
        """Is there, after `epoch`, no more hope of a better one than `kept`?"""
        return bool(self.patience) and epoch - kept >= self.patience


FIRST_CHOICE = Choice()
