"""What an execution does, in one line on a terminal, and what it did, a line a state."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Event as Flag
from threading import Lock, Thread

from .machine import Event

_ENTERED, _EXITED, _FAILED, _CAUGHT = "StateEntered", "StateExited", "StateFailed", "StateCaught"
_LEFT = (_EXITED, _CAUGHT)


@dataclass
class Line:
    """The states that are being in, each with its seconds; drawn anew where there is a terminal."""

    running: dict[str, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _done: Flag = field(default_factory=Flag)

    def watch(self, event: Event) -> None:
        if event.state is None:
            return
        with self._lock:
            if event.kind == _ENTERED:
                self.running[event.state] = event.seconds
            elif event.kind in _LEFT:
                begun = self.running.pop(event.state, event.seconds)
                seconds = event.seconds - begun
                if seconds >= 0.5:
                    self._print(f"{event.state}: {seconds:.0f} s", end="\n")
            elif event.kind in (_FAILED, "StateRetried"):
                told = f": {event.error}" if event.error else " anew"
                self._print(f"{event.state}{told}", end="\n")

    def _print(self, text: str, *, end: str) -> None:
        start = "\r\x1b[K" if sys.stdout.isatty() else ""
        print(f"{start}{text}", end=end, flush=True)

    def _draw(self) -> None:
        while not self._done.wait(0.5):
            with self._lock:
                now = time.time()
                told = " · ".join(f"{name} {now - t:.0f} s" for name, t in self.running.items())
                self._print(told[:150], end="")

    def __enter__(self) -> Line:
        if sys.stdout.isatty():
            Thread(target=self._draw, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if sys.stdout.isatty():
            self._print("", end="")


def outcomes(events: Iterable[Event]) -> dict[str, str]:
    """State → `succeeded`, `failed` or `running` (left unfinished), of all that were entered."""
    found: dict[str, str] = {}
    for event in events:
        if event.state is None:
            continue
        if event.kind == _ENTERED:
            found[event.state] = "running"
        elif event.kind == _EXITED and found.get(event.state) != "failed":
            found[event.state] = "succeeded"
        elif event.kind == "StateRetried":
            found[event.state] = "running"
        elif event.kind in (_FAILED, _CAUGHT):
            found[event.state] = "failed"
    return found


def overlap(events: Iterable[Event], one: str, other: str) -> float:
    """Seconds that two states were running at the same time."""
    spans: dict[str, list[float]] = {one: [], other: []}
    for event in events:
        if event.state in spans and event.kind in (_ENTERED, _EXITED):
            spans[event.state].append(event.seconds)
    if any(len(span) < 2 for span in spans.values()):
        return 0.0
    return max(0.0, min(spans[one][1], spans[other][1]) - max(spans[one][0], spans[other][0]))
