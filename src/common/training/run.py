"""What a training run is given besides its data and hyperparameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from common.training.checkpoints import NO_CHECKPOINTS, Checkpoints
from common.training.choice import FIRST_CHOICE, Choice
from common.training.history import Report, Scores
from common.training.loop import Epoch


def say_nothing(epoch: Epoch, scores: Scores) -> None:
    """For the models of the folds, whose epochs are nobody's metrics."""


@dataclass(frozen=True)
class Run:
    """Whom it tells of every epoch, where it goes on from, and what it starts from.

    `pretrained` is the folder of that channel, or None; `choice` says which epoch is kept.
    """

    report: Report = say_nothing
    checkpoints: Checkpoints = NO_CHECKPOINTS
    pretrained: Path | None = None
    choice: Choice = FIRST_CHOICE
