"""What a training run is given besides its data and hyperparameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from common.job.peers import ALONE, Peers
from common.job.pretrained import Pretrained
from common.training.checkpoints import NO_CHECKPOINTS, Checkpoints
from common.training.choice import FIRST_CHOICE, Choice
from common.training.history import Report, Scores
from common.training.loop import Epoch
from common.training.team import ALONE_AT_WORK, Team


def say_nothing(epoch: Epoch, scores: Scores) -> None:
    """For the models of the folds, whose epochs are nobody's metrics."""


@dataclass(frozen=True)
class Run:
    """Whom it tells of every epoch, where it goes on from, and what it starts from.

    `pretrained` is what that channel holds, or None; `choice` says which epoch is kept; `team` are
    the hosts that train, of which the first alone has checkpoints, and `peers` all of the job,
    which end together.
    """

    report: Report = say_nothing
    checkpoints: Checkpoints = NO_CHECKPOINTS
    pretrained: Pretrained[Any] | None = None
    choice: Choice = FIRST_CHOICE
    team: Team = ALONE_AT_WORK
    peers: Peers = ALONE

    def checkpoints_of(self, *identity: str) -> Checkpoints:
        """Those of a run that is told from others by `identity`, and by what it starts from."""
        return self.checkpoints.of(
            *identity, self.pretrained.fingerprint if self.pretrained else ""
        )
