"""Checkpoints within an epoch: where the job is asked to end, and every so often."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from common.job.log import logger
from common.job.termination import deferred_termination, terminate
from common.training.checkpoints import Checkpoints
from common.training.loop import Part


@contextmanager
def pauses(
    checkpoints: Checkpoints, save: Callable[[Part], None]
) -> Iterator[Callable[[Part], None]]:
    """Within, a job that is asked to end does so after a step, its checkpoint saved.

    Yields what is to be told of every step. Without checkpoints there is nothing to wait for.
    """
    if checkpoints.folder is None:
        yield lambda part: None
        return
    saved = time.monotonic()
    with deferred_termination() as asked_to_end:

        def after_step(part: Part) -> None:
            nonlocal saved
            if asked_to_end() or time.monotonic() - saved >= checkpoints.seconds:
                save(part)
                saved = time.monotonic()
            if asked_to_end():
                logger.info("asked to end: a checkpoint was saved within the epoch")
                terminate()

        yield after_step
