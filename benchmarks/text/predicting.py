"""How a peer is asked to predict, and what it says then: one line that `measuring.py` reads."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple


class Times(NamedTuple):
    """Seconds by both of the clocks that `measuring.py` knows."""

    wall: float
    processor: float


def task_parser(description: str | None) -> argparse.ArgumentParser:
    """A peer's command line: train a model on a channel, or predict with it."""
    parser = argparse.ArgumentParser(description=description)
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--train", type=Path, metavar="CHANNEL")
    task.add_argument("--predict", type=Path, metavar="CHANNEL")
    parser.add_argument("--model", type=Path, required=True, help="written or read")
    return parser


def begin() -> Times:
    """Say that imports are done and the model is loaded; the clocks start here."""
    print("started", flush=True)
    return Times(perf_counter(), process_time())


def end(begun: Times, labels: Sequence[str]) -> None:
    """Say how long it took to tell the class of every page, and the classes."""
    took = {"wall": perf_counter() - begun.wall, "processor": process_time() - begun.processor}
    print(json.dumps({"seconds": took, "labels": list(labels)}), flush=True)
