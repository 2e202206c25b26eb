"""What was measured of each system at one size."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.text.measuring import Run
from benchmarks.text.systems import OURS, System

WITHIN = 0.002  # of fastText's best validation accuracy counts as reaching it
_ACCURACY = re.compile(r"validation:accuracy=([0-9.e-]+);")
_PRINTED = 1e-6  # the job prints six digits


@dataclass(frozen=True)
class Round:
    """One training and one prediction, in seconds and bytes.

    `start` is when imports were done, `to_bar` when the validation accuracy that is the bar was
    reached (None: never), `trained` when training was over, without out-of-fold models.
    """

    start: float
    to_bar: float | None
    trained: float
    whole: float
    peak: int
    predict: float
    predict_peak: int


@dataclass(frozen=True)
class Outcome:
    """A system's rounds and its scores, by name."""

    system: System
    rounds: tuple[Round, ...]
    scores: dict[str, float]

    def typical(self, name: str) -> float | None:
        """The median of a `Round`'s field; None if there is none in some round."""
        values = [getattr(one, name) for one in self.rounds]
        return None if None in values else median(values)

    @property
    def to_bar_after_start(self) -> float | None:
        if any(one.to_bar is None for one in self.rounds):
            return None
        return median((one.to_bar or 0) - one.start for one in self.rounds)

    @property
    def peak(self) -> int:
        """Of training; the largest, because a round may have ended early."""
        return max(one.peak for one in self.rounds)


@dataclass(frozen=True)
class Size:
    """All that was measured with so many training pages.

    `predicted` is how many pages they were asked about, `bar` fastText's best validation accuracy,
    `mxnet` the bytes that importing MXNet costs.
    """

    pages: int
    predicted: int
    bar: float
    mxnet: int
    outcomes: tuple[Outcome, ...]

    def of(self, name: str) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.system.name == name]


@dataclass(frozen=True)
class Trial:
    """A configuration that was tried once: seconds of its training, accuracy on validation."""

    system: System
    seconds: float
    accuracy: float


def best_of(trials: Sequence[Trial]) -> Trial:
    """The most accurate; of equals, the quickest."""
    return max(trials, key=lambda trial: (trial.accuracy, -trial.seconds))


def cheapest_of(trials: Sequence[Trial]) -> Trial:
    """The quickest of those within `WITHIN` of the most accurate."""
    bar = best_of(trials).accuracy - WITHIN
    return min((trial for trial in trials if trial.accuracy >= bar), key=lambda t: t.seconds)


def accuracies(run: Run) -> list[tuple[float, float]]:
    """(time, validation accuracy) of each epoch that a job of ours told of."""
    return [
        (time, float(found[1])) for time, line in run.lines if (found := _ACCURACY.search(line))
    ]


def reached(run: Run, bar: float) -> float | None:
    """When a job of ours first told of an accuracy of at least `bar`."""
    times = (time for time, accuracy in accuracies(run) if accuracy >= bar - _PRINTED)
    return next(times, None)


def round_of(
    system: System, training: Run, prediction: tuple[float, int], accuracy: float, bar: float
) -> Round:
    """A round from its two runs.

    Args:
        prediction: seconds from the channel to its classes, and the peak in bytes.
        accuracy: on validation, of a peer: what its training leads to, not before it ends.
        bar: the accuracy to be reached.
    """
    trained = accuracies(training)[-1][0] if system.name == OURS else training.seconds
    if system.name == OURS:
        to_bar = reached(training, bar)
    else:
        to_bar = training.seconds if accuracy >= bar - WITHIN else None
    return Round(
        training.start,
        to_bar,
        trained,
        training.seconds,
        training.peak_bytes,
        *prediction,
    )
