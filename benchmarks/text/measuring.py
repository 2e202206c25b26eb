"""A program run as a process of its own: how long it took, when it said what, its peak memory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """One run; all times are seconds of the wall clock since the process was started.

    `lines` are those that it printed, each with its time; `cpu_seconds` are user and system time,
    `peak_bytes` the most memory that was resident.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    lines: tuple[tuple[float, str], ...]

    @property
    def start(self) -> float:
        """When it first said something, which all do once their imports are done."""
        return self.lines[0][0] if self.lines else self.seconds


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    enough: Callable[[str], bool] = lambda line: False,
) -> Run:
    """Run a program to its end, or until it prints a line that is enough.

    The peak is the kernel's own; it counts the caller from before the program took over, too, so
    that the caller must be small.

    Raises:
        RuntimeError: it failed; with its last lines.
    """
    begun = time.monotonic()
    lines: list[tuple[float, str]] = []
    stopped = False
    with subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            lines.append((time.monotonic() - begun, line.rstrip("\n")))
            if not stopped and enough(lines[-1][1]):
                stopped = True
                process.kill()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - begun
    if process.returncode and not stopped:
        last = "\n".join(line for _, line in lines[-20:])
        raise RuntimeError(f"{' '.join(command)}: exit status {process.returncode}\n{last}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, tuple(lines))
