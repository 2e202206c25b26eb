"""What a prediction says when it is over: one line that `measuring.py` reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from time import perf_counter, process_time
from typing import NamedTuple


class Times(NamedTuple):
    """Seconds by both of the clocks that `measuring.py` knows."""

    wall: float
    processor: float


def begin() -> Times:
    """Say that imports are done and the model is loaded; the clocks start here."""
    print("started", flush=True)
    return Times(perf_counter(), process_time())


def end(begun: Times, labels: Sequence[str]) -> None:
    """Say how long it took to tell the class of every page, and the classes."""
    took = {"wall": perf_counter() - begun.wall, "processor": process_time() - begun.processor}
    print(json.dumps({"seconds": took, "labels": list(labels)}), flush=True)
