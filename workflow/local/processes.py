"""Programs of the container as processes of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event

from .machine import ROOT

_LOOK_EVERY = 0.2  # seconds, whether somebody still waits for the program
_GRACE = 30  # seconds between SIGTERM and SIGKILL, as for a container


def environment(**variables: str) -> dict[str, str]:
    """As bare as a container's; half the processors, for two base models train at once."""
    threads = max(1, len(os.sched_getaffinity(0)) // 2)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {
        "PATH": path,
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": str(threads),
        "HOME": os.environ.get("HOME", "/"),
        **variables,
    }


def run(command: Sequence[str], log: Path, cancelled: Event, variables: Mapping[str, str]) -> int:
    """Run a program with its output in `log`; end it once it is cancelled.

    Returns:
        its exit status.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        program = subprocess.Popen(
            list(command), stdout=output, stderr=subprocess.STDOUT, env=dict(variables)
        )
        while True:
            try:
                return program.wait(_LOOK_EVERY)
            except subprocess.TimeoutExpired:
                if cancelled.is_set():
                    return end(program)


def end(program: subprocess.Popen[bytes]) -> int:
    """End a program as a container is ended; returns its exit status."""
    program.terminate()
    try:
        return program.wait(_GRACE)
    except subprocess.TimeoutExpired:
        program.kill()
        return program.wait()


def tail(log: Path, lines: int = 20) -> str:
    """The end of a log, which says why its program failed."""
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:])
