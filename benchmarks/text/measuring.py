"""A program run as a process of its own: how long it took, when it said what, its peak memory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Clock = Literal["wall", "processor"]
CLOCKS = get_args(Clock)


@dataclass(frozen=True)
class Run:
    """One run; all times are seconds since the process was started.

    `lines` are those that it printed, each with its time; `peak_bytes` is the most memory that was
    resident.
    """

    seconds: float
    peak_bytes: int
    lines: tuple[tuple[float, str], ...]

    @property
    def start(self) -> float:
        """When it first said something, which all do once their imports are done."""
        return self.lines[0][0] if self.lines else self.seconds


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    clock: Clock = "wall",
) -> Run:
    """Run a program to its end.

    The peak is the kernel's own; it counts the caller from before the program took over, too, so
    that the caller must be small.

    Args:
        environment: variables besides the caller's own.
        clock: times are the wall clock's or the program's own time on processors, which on a busy
            machine is the fairer one; with several threads it is the sum of theirs.

    Raises:
        RuntimeError: it failed; with its last lines.
    """
    begun = time.monotonic()
    lines: list[tuple[float, str]] = []
    with subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            wall = time.monotonic() - begun
            now = wall if clock == "wall" else processor_seconds(process.pid)
            lines.append((now, line.rstrip("\n")))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - begun
    if clock == "processor":
        seconds = usage.ru_utime + usage.ru_stime
    if process.returncode:
        last = "\n".join(line for _, line in lines[-20:])
        raise RuntimeError(f"{' '.join(command)}: exit status {process.returncode}\n{last}")
    return Run(seconds, usage.ru_maxrss * 1024, tuple(lines))


def processor_seconds(pid: int) -> float:
    """User and system time of a running process: fields 14 and 15 of its stat, see proc(5)."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
