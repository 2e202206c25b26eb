"""The program that reads files: it forks for each task, so that whatever a file does ends with it.

It takes a task a line of JSON on standard input and answers with a line on standard output. What is
slow to import is imported once; the fork reads its part of one file within its limits and is gone.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from common.documents.limits import Limits, RefusedFile
from common.documents.page_reading import count, read_pages
from common.documents.splitting import write_part
from common.job.errors import ClientError

ANSWER = "answer.json"  # in the folder of the task; there if the fork could say how it went


def serve() -> None:
    """Do the tasks of standard input, one after another, until it ends."""
    for line in sys.stdin:
        task = json.loads(line)
        print(json.dumps(_in_a_fork(task)), flush=True)


def _in_a_fork(task: dict[str, Any]) -> dict[str, Any]:
    """How the fork ended: `status`, as os.waitstatus_to_exitcode gives it, and its `peak` bytes."""
    child = os.fork()
    if not child:
        try:
            _child(task)
        finally:
            os._exit(1)
    _own_group(child)
    end = _ending(child)
    signal.signal(signal.SIGTERM, end)
    _, status, used = os.wait4(child, 0)
    _end_group(child)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return {"status": os.waitstatus_to_exitcode(status), "peak": used.ru_maxrss << 10}


def _ending(child: int) -> Callable[[int, FrameType | None], None]:
    def end(number: int, frame: FrameType | None) -> None:
        _end_group(child)
        os._exit(128 + number)

    return end


def _end_group(child: int) -> None:
    """Whatever the fork started, tesseract above all, goes with it."""
    try:
        os.killpg(child, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _own_group(child: int) -> None:
    """Parent and child both see to it, whichever comes first."""
    try:
        os.setpgid(child, child)
    except (ProcessLookupError, PermissionError):
        return


def _child(task: dict[str, Any]) -> None:
    _own_group(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    tempfile.tempdir = task["folder"]  # which goes, however this ends
    limits = Limits(**task["limits"])
    room = _own_size() + limits.memory
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(limits.seconds)
    answer = _answer(task, limits)
    (Path(task["folder"]) / ANSWER).write_text(json.dumps(answer), encoding="utf-8")
    os._exit(0)


def _own_size() -> int:
    """Bytes of address space that are taken already."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _answer(task: dict[str, Any], limits: Limits) -> dict[str, Any]:
    try:
        return {"done": _do(task, limits)}
    except RefusedFile as refusal:
        return {"refused": str(refusal)}
    except ClientError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"refused": f"it takes more than {limits.memory >> 20:,} MB. Split it"}
    except Exception as error:
        return {"refused": f"it cannot be read ({type(error).__name__}: {error}). Save it anew"}


def _do(task: dict[str, Any], limits: Limits) -> Any:
    path, folder = Path(task["path"]), Path(task["folder"])
    if task["task"] == "count":
        return count(path, limits)
    if task["task"] == "split":
        return write_part(path, Path(task["part"]), task["pages"], task["rotations"], limits)
    numbers = range(task["first"], task["last"] + 1)
    records = []
    for number, page in zip(numbers, _pages(path, numbers, limits, task), strict=True):
        (folder / f"{number}.png").write_bytes(page.bitmap)
        records.append({**asdict(page), "bitmap": f"{number}.png"})
    return records


def _pages(path: Path, numbers: range, limits: Limits, task: dict[str, Any]) -> Any:
    """The pages; the time for each begins when the one before is done."""
    pages = read_pages(path, numbers, limits, task["languages"])
    for page in pages:
        signal.alarm(limits.seconds)
        yield page


if __name__ == "__main__":
    serve()
