"""What the contestants share: the same random streams, and turns that they are told to take."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LIMIT = 32  # pages of the longest document that has a length score of its own
WIDTH = 66  # features of a page, as many as text and image together give
HIDDEN = 24  # of the LSTMs, each direction
LEARNING_RATE = 0.005

Action = Callable[[], object]  # one step over all streams


@dataclass(frozen=True)
class Setting:
    """So many streams of so many pages each, side by side."""

    streams: int
    pages: int
    classes: int


@dataclass(frozen=True)
class Work:
    """Random inputs, float32, and true segmentations.

    Shapes: features [streams, pages, WIDTH]; first and continuation [streams, pages, classes];
    change [classes, classes]; document [streams, pages, LIMIT, classes]; length [LIMIT, classes];
    labels int and starts bool [streams, pages].
    """

    features: NDArray[np.float32]
    first: NDArray[np.float32]
    continuation: NDArray[np.float32]
    change: NDArray[np.float32]
    document: NDArray[np.float32]
    length: NDArray[np.float32]
    labels: NDArray[np.intp]
    starts: NDArray[np.bool_]


def make_work(setting: Setting) -> Work:
    """The same in every process; documents of 1 to 9 pages."""
    rng = np.random.default_rng(1)
    streams, pages, classes = setting.streams, setting.pages, setting.classes
    labels, starts = np.zeros((streams, pages), np.intp), np.zeros((streams, pages), bool)
    for stream in range(streams):
        begins = np.cumsum(np.r_[0, rng.integers(1, 10, pages)])
        starts[stream, begins[begins < pages]] = True
        of_document = rng.integers(0, classes, pages)
        labels[stream] = of_document[np.cumsum(starts[stream]) - 1]

    def draw(*shape: int) -> NDArray[np.float32]:
        return rng.normal(size=shape).astype(np.float32)

    return Work(
        features=draw(streams, pages, WIDTH),
        first=draw(streams, pages, classes),
        continuation=draw(streams, pages, classes),
        change=draw(classes, classes),
        document=draw(streams, pages, LIMIT, classes),
        length=draw(LIMIT, classes),
        labels=labels,
        starts=starts,
    )


def take_turns(actions: Mapping[str, Action], check: Callable[[], list[float]]) -> None:
    """Answer each line of standard input: `check`, or an action for at least so many seconds.

    An action's answer is how often it was done, in how many seconds, and the most memory that the
    process ever had, in MB.
    """
    say({"resident": memory_in_mb("VmRSS")})
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["what"] == "check":
            say({"values": check()})
            continue
        clock = time.process_time if asked["processor"] else time.perf_counter
        act, begun, times = actions[asked["what"]], clock(), 0
        while not times or clock() - begun < asked["seconds"]:
            act()
            times += 1
        seconds = clock() - begun
        say({"times": times, "seconds": seconds, "peak": memory_in_mb("VmHWM")})


def say(answer: Mapping[str, object]) -> None:
    print(json.dumps(answer), flush=True)


def setting_of(argv: list[str]) -> Setting:
    return Setting(*(int(number) for number in argv))


def memory_in_mb(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) / 1024
