"""How a program died that could not say so itself, in words that name the remedy."""

from __future__ import annotations

import signal
from pathlib import Path

from common.job.errors import AlgorithmError, ClientError, JobError
from common.job.memory import memory_limit

Kills = int | None  # processes that the kernel has killed for memory; None where it does not tell

_EVENTS = (  # of the control group, versions 2 and 1
    Path("/sys/fs/cgroup/memory.events"),
    Path("/sys/fs/cgroup/memory/memory.oom_control"),
)


SMALLER = (
    "Take an instance with more, or a smaller batch_size (image: also height, width and "
    "start_filter)."
)


def kills_for_memory() -> Kills:
    """How many processes of this container the kernel has killed because memory was full."""
    for file in _EVENTS:
        try:
            counts = dict(line.split() for line in file.read_text().splitlines())
            return int(counts["oom_kill"])
        except (OSError, KeyError, ValueError):
            continue
    return None


def cause_of_death(program: str, status: int, before: Kills, after: Kills) -> JobError:
    """What the failure file says.

    Args:
        status: the program's, minus the signal that killed it.
        before, after: `kills_for_memory` before it began and after it ended.
    """
    if status >= 0:
        return AlgorithmError(
            f"{program} ended with status {status} and did not say why. "
            "The end of the job's log may tell."
        )
    name = signal.Signals(-status).name
    if status == -signal.SIGKILL:
        known = before is not None and after is not None
        if not known or after != before:
            limit = memory_limit()
            room = f" of {limit / 2**20:.0f} MB" if limit else ""
            surely = "ran out of memory" if known else "was killed, most likely for want of memory"
            return ClientError(
                f"{program} {surely}: the limit{room} was reached ({name}). {SMALLER}"
            )
        return AlgorithmError(
            f"{program} was killed from outside ({name}), and not for want of "
            "memory. Start the job again: it goes on from its last checkpoint."
        )
    if status == -signal.SIGTERM:
        return AlgorithmError(
            "interrupted: the platform ended the job (SIGTERM) while "
            f"{program} was starting or ending."
        )
    return AlgorithmError(
        f"{program} crashed ({name}). Start the job again; if it happens again at "
        "the same place, report it with the end of the log."
    )
