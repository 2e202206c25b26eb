"""Cross-validation of the sequence model: every document is held out once, in new streams.

The base models' outputs stay what they are, out of fold or held out, so held-out documents are
judged as new ones would be. Near-duplicate documents are held out together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from common.job import log
from common.job.tables import SequenceHyperparameters
from common.models.sequence import fit_sequence_model
from common.pages.channel import Channel
from common.pages.examples import Examples
from common.pages.folds import assign_folds
from common.pages.posteriors import StreamPosteriors
from common.pages.recombination import as_channel, recombined_streams, stream_sizes
from common.training.history import Scores
from common.training.run import say_nothing

Score = Callable[[Channel, list[StreamPosteriors]], Scores]

_VALIDATION = 8  # one in so many of the documents that are not held out chooses the temperature


@dataclass(frozen=True)
class Round:
    """One fold: by system, what is said of its validation documents and of the held-out ones."""

    validation: Examples
    of_validation: Mapping[str, list[StreamPosteriors]]
    held_out: list[Examples]  # one for each time that the documents are put together
    of_held_out: Mapping[str, list[list[StreamPosteriors]]]


def cross_validate(
    examples: Examples,
    classes: Sequence[str],
    systems: Mapping[str, SequenceHyperparameters],
    *,
    score: Score,
    folds: int,
    times: int,
    seed: int,
) -> Iterator[Round]:
    """Hold out each fold in turn, fit every system to the rest.

    Args:
        score: rates a segmentation of the channel's streams; it may choose the epoch to keep.
        times: how often the held-out documents are put together anew.
    """
    sizes = stream_sizes(examples.channel)
    fold = assign_folds(examples.channel, folds, seed)
    for number in range(folds):
        rest = examples.take(np.flatnonzero(fold != number))
        inner = assign_folds(rest.channel, _VALIDATION, seed)
        train, validation = (rest.take(np.flatnonzero(part)) for part in (inner != 0, inner == 0))
        validation = _anew(validation, classes, sizes, "validation", (seed, number))
        unseen = examples.take(np.flatnonzero(fold == number))
        held_out = [
            _anew(unseen, classes, sizes, f"fold-{number + 1}-{time + 1}", (seed, number, time))
            for time in range(times)
        ]
        of_validation, of_held_out = {}, {}
        for name, hyperparameters in systems.items():
            model, _ = fit_sequence_model(
                train,
                validation,
                classes,
                hyperparameters,
                score=partial(score, validation.channel),
                report=say_nothing,
            )
            said = [
                model.posteriors(one.evidence, one.channel.streams)
                for one in (validation, *held_out)
            ]
            of_validation[name], of_held_out[name] = said[0], said[1:]
        yield Round(validation, of_validation, held_out, of_held_out)


def held_out_once(
    examples: Examples,
    classes: Sequence[str],
    hyperparameters: SequenceHyperparameters,
    *,
    score: Score,
) -> Iterator[tuple[Examples, list[StreamPosteriors]]]:
    """Every document once, in new streams, and what is said by a model that has not seen it."""
    rounds = cross_validate(
        examples,
        classes,
        {"model": hyperparameters},
        score=score,
        folds=hyperparameters.folds,
        times=1,
        seed=hyperparameters.seed,
    )
    for one in log.progress(rounds, what="folds", unit="fold", total=hyperparameters.folds):
        yield one.held_out[0], one.of_held_out["model"][0]


def _anew(
    examples: Examples,
    classes: Sequence[str],
    sizes: Sequence[int],
    name: str,
    seed: tuple[int, ...],
) -> Examples:
    """The documents in random order, as a channel."""
    rng = np.random.default_rng(seed)
    streams = recombined_streams(examples.channel, classes, rng, sizes)
    channel = as_channel(examples.channel, streams, name)
    rows = np.concatenate([stream.rows for stream in streams])
    return Examples(channel, examples.evidence.placed(rows, channel.keys))
