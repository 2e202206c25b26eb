"""What the contestants share: pages, and turns that they are told to take."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from common.job.tables import ImageHyperparameters
from common.pages.bitmaps import BitmapCache
from common.pages.channel import Channel, read_channel

INFERENCE = 16  # pages of a batch


@dataclass(frozen=True)
class Given:
    """What a contestant works on; `variant` is which one it is."""

    train: Channel
    validation: Channel
    bitmaps: BitmapCache
    hyperparameters: ImageHyperparameters
    variant: str


@dataclass(frozen=True)
class Turns:
    """What a contestant can be told to do."""

    train: Callable[[], int]  # one batch → its pages
    infer: Callable[[], int]  # likewise
    learn: Callable[[], float]  # one epoch at the cyclic rate → accuracy on validation


def load(argv: list[str]) -> Given:
    """The channels in their cache, once that is asked for.

    Args:
        argv: folders of train and validation, start_filter, batch_size, variant; the other
            hyperparameters are the defaults.
    """
    hp = ImageHyperparameters(start_filter=int(argv[2]), batch_size=int(argv[3]))
    sys.stdin.readline()
    begun = _clocks()
    train, validation = (read_channel(Path(folder)) for folder in argv[:2])
    bitmaps = BitmapCache(hp.height, hp.width, 2)
    for channel in (train, validation):
        bitmaps.add(channel)
    _answer(0, begun)
    return Given(train, validation, bitmaps, hp, argv[4])


def endless(epochs: Callable[[int], Iterable]) -> Iterator:
    for epoch in count():
        yield from epochs(epoch)


def take_turns(turns: Turns) -> None:
    """Do what standard input asks for, and answer each line."""
    for line in sys.stdin:
        asked = json.loads(line)
        begun = _clocks()
        done = [getattr(turns, asked["what"])() for _ in range(asked["times"])]
        _answer(sum(done), begun)


def _clocks() -> dict[str, float]:
    """Seconds; the processor's are this process's and those of compilers that it has called."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "wall": time.perf_counter(),
        "processor": sum(one.ru_utime + one.ru_stime for one in used),
    }


def _answer(done: float, begun: dict[str, float]) -> None:
    now = _clocks()
    passed = {clock: now[clock] - begun[clock] for clock in now}
    status = Path("/proc/self/status").read_text()
    resident = int(status.split("VmRSS:")[1].split()[0]) / 1024
    answer = {"done": done, "seconds": passed, "used": now["processor"], "resident": resident}
    print(json.dumps(answer), flush=True)
