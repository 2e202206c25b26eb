"""The systems compared: how each is started, and the configurations that are tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

SMALL = 5000  # pages up to which every configuration is tried with every number of epochs
LARGE = 100_000  # pages beyond which 5 epochs do, and a vocabulary's n-grams outgrow 24 GB
OURS = "this project"
FASTTEXT = "fastText"
TFIDF = "tf-idf + logistic regression"
HASHING = "hashing + SGD"


@dataclass(frozen=True)
class Interpreters:
    """The project's Python and that of the peers."""

    ours: str
    peers: str


@dataclass(frozen=True)
class System:
    """A system in one configuration; `flags` are given to its training."""

    name: str
    flags: tuple[str, ...] = ()

    def train(self, python: Interpreters, data: Path, model: Path, threads: int) -> list[str]:
        """The command that trains on `data`, a folder of channels, and writes `model`."""
        if self.name == OURS:
            channels = [f"--{name}={data / name}" for name in ("train", "validation")]
            written = [f"--model-dir={model}", f"--output-data-dir={model}-outputs"]
            return [python.ours, "src/train_text.py", *channels, *written, *self.flags]
        extra = ("--threads", str(threads)) if self.name == FASTTEXT else ()
        given = ("--train", str(data / "train"), "--model", str(model))
        return [*self._program(python), *given, *self.flags, *extra]

    def predict(self, python: Interpreters, channel: Path, model: Path) -> list[str]:
        """The command that tells the classes of a channel's pages."""
        return [*self._program(python), "--predict", str(channel), "--model", str(model)]

    def _program(self, python: Interpreters) -> list[str]:
        if self.name == OURS:
            return [python.ours, "-m", "benchmarks.text.ours"]
        module = "fasttext_peer" if self.name == FASTTEXT else "sklearn_peer"
        return [python.peers, "-m", f"benchmarks.text.{module}"]


def ours(pages: int) -> System:
    """Without out-of-fold models, which no peer makes; of many pages as the docs advise."""
    many = ("--epochs=4", "--batch_size=128") if pages > SMALL else ()
    return System(OURS, ("--folds=0", *many))


def fasttext_grid() -> list[System]:
    """Learning rates, widths, with and without character n-grams; no epochs yet."""
    return [
        System(FASTTEXT, (f"--rate={rate}", f"--dimensions={width}", *characters))
        for rate, width, characters in product((0.5, 1.0), (16, 100), ((), ("--characters",)))
    ]


def rungs(pages: int) -> tuple[tuple[int, int], ...]:
    """(epochs, how many of fastText's configurations get so many), for so many training pages.

    With few pages all get all; else, as in successive halving (Jamieson & Talwalkar 2016), the
    best half goes on, and of it the best half; with very many all get 5.
    """
    if pages > LARGE:
        return ((5, 8),)
    return ((5, 8), (25, 8), (50, 8)) if pages <= SMALL else ((5, 8), (25, 4), (50, 2))


def with_epochs(system: System, epochs: int) -> System:
    return System(system.name, (*system.flags, f"--epochs={epochs}"))


def sklearn_grid(pages: int) -> dict[str, Sequence[System]]:
    """By name, with and without character n-grams; of very many pages hashed words alone."""
    if pages > LARGE:
        return {HASHING: [System(HASHING, ("--pipeline=hashing-sgd",))]}
    return {
        name: [
            System(name, (f"--pipeline={pipeline}", *characters))
            for characters in ((), ("--characters",))
        ]
        for name, pipeline in ((TFIDF, "tfidf-logistic"), (HASHING, "hashing-sgd"))
    }
