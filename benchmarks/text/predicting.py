"""What a prediction says when it is over: one line that `measuring.py` reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from time import perf_counter


def begin() -> float:
    """Say that imports are done and the model is loaded; the clock starts here."""
    print("started", flush=True)
    return perf_counter()


def end(begun: float, labels: Sequence[str]) -> None:
    """Say how long it took to tell the class of every page, and the classes."""
    seconds = perf_counter() - begun
    print(json.dumps({"predict_seconds": seconds, "labels": list(labels)}), flush=True)
