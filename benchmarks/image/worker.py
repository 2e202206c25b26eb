"""What the contestants share: pages, and turns that they are told to take."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path

from common.job.tables import ImageHyperparameters
from common.pages.bitmaps import BitmapCache
from common.pages.channel import Channel, read_channel

INFERENCE = 16  # pages of a batch
Turns = tuple[Callable[[], int], Callable[[], int]]  # train, infer: one batch → its pages


def load(argv: list[str]) -> tuple[Channel, ImageHyperparameters, BitmapCache]:
    """The channel in its cache, once it is asked for; other hyperparameters are the defaults."""
    hp = ImageHyperparameters(start_filter=int(argv[1]), batch_size=int(argv[2]))
    sys.stdin.readline()
    begun = time.perf_counter()
    channel = read_channel(Path(argv[0]))
    bitmaps = BitmapCache(hp.height, hp.width, 2)
    bitmaps.add(channel)
    _answer(0, time.perf_counter() - begun)
    return channel, hp, bitmaps


def endless(epochs: Callable[[int], Iterable]) -> Iterator:
    for epoch in count():
        yield from epochs(epoch)


def take_turns(train: Callable[[], int], infer: Callable[[], int]) -> None:
    """Do what standard input asks for, and answer each line."""
    act = {"train": train, "infer": infer}
    for line in sys.stdin:
        asked = json.loads(line)
        begun = time.perf_counter()
        pages = sum(act[asked["what"]]() for _ in range(asked["batches"]))
        _answer(pages, time.perf_counter() - begun)


def _answer(pages: int, seconds: float) -> None:
    status = Path("/proc/self/status").read_text()
    resident = int(status.split("VmRSS:")[1].split()[0]) / 1024
    print(json.dumps({"pages": pages, "seconds": seconds, "resident": resident}), flush=True)
