"""Checkpoints within an epoch: where the job is asked to end, and every so often."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from common.job.log import logger
from common.job.peers import Peers
from common.job.termination import deferred_termination, terminate
from common.training.checkpoints import Checkpoints
from common.training.loop import Part
from common.training.team import Team


@contextmanager
def pauses(
    team: Team, peers: Peers, checkpoints: Checkpoints, save: Callable[[Part], None]
) -> Iterator[Callable[[Part], None]]:
    """Within, a job that is asked to end does so after a step, its checkpoint saved.

    Yields what is to be told of every step. All hosts of the team save after the same one, which
    is the next but one after any of them was asked to end. Where another of the `peers`, which
    trains something else, has been ended, this one ends likewise. Without checkpoints there is
    nothing to wait for.
    """
    if not team.keeps(checkpoints):
        yield lambda part: None
        return
    saved = time.monotonic()
    with deferred_termination() as asked_to_end, peers.time_to_end():

        def after_step(part: Part) -> None:
            nonlocal saved
            due = time.monotonic() - saved >= checkpoints.seconds
            ending, saving = team.agree(asked_to_end() or peers.ended, due)
            if ending or saving:
                save(part)
                saved = time.monotonic()
            if ending:
                logger.info("asked to end: a checkpoint was saved within the epoch")
                team.peers.broadcast(b"")  # nobody leaves before it was saved
                if asked_to_end():
                    terminate()
                peers.follow()

        yield after_step
