"""The segmental model: stages that say what they see, and a semi-Markov CRF that weighs them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from common.job.files import write_atomically, write_json
from common.job.log import logger
from common.job.tables import SequenceHyperparameters
from common.models.segmental_crf import (
    SegmentalScores,
    expected_counts,
    run_messages,
    segment_posterior,
)
from common.models.segmental_paths import Truth, best_segmentations
from common.models.segmental_stages import Stages, Streams, fit_stages, load_stages, put_together
from common.models.segmental_weights import (
    Likelihood,
    Parts,
    Weights,
    fit_weights,
    from_vector,
    loss,
    refine_weights,
)
from common.models.stream_batches import similar_lengths
from common.models.temperature import best_temperature
from common.pages.evidence import Evidence, StreamFeatures, stream_features
from common.pages.examples import Examples
from common.pages.folds import assign_folds
from common.pages.posteriors import Hypothesis, StreamPosteriors
from common.pages.recombination import original_streams, stream_sizes
from common.training.choice import Choice
from common.training.history import History, Report, Scores, validation_row
from common.training.loop import Epoch

_STAGES, _WEIGHTS = "stages.npz", "weights.json"
_SIDE_BY_SIDE = 4096  # pages, padding included
_DOUBT = 0.2  # how far from 1 a temperature is expected, in logarithms


@dataclass(frozen=True)
class SegmentalModel:
    """A trained segmental model. Scores are divided by `temperature`."""

    classes: tuple[str, ...]
    stages: Stages
    weights: Weights
    temperature: float

    def posteriors(
        self, evidence: Evidence, streams: Sequence[range], n_best: int = 1
    ) -> list[StreamPosteriors]:
        """The best segmentations of each stream, given by its rows, and how sure they are."""
        return [decode(self._scores(evidence, rows), n_best) for rows in streams]

    def _scores(self, evidence: Evidence, rows: range) -> SegmentalScores:
        parts = self.stages.parts([stream_features(evidence, np.asarray(rows))])
        return self.weights.scores(parts).scaled(1 / self.temperature)

    def save(self, folder: Path) -> None:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **self.stages.arrays())
        write_atomically(folder / _STAGES, buffer.getvalue())
        write_json(
            folder / _WEIGHTS,
            {
                "temperature": self.temperature,
                "weights": self.weights.vector().tolist(),
            },
        )


def load_segmental_model(
    folder: Path, classes: Sequence[str], hyperparameters: SequenceHyperparameters
) -> SegmentalModel:
    """Load what `SegmentalModel.save` wrote."""
    with np.load(folder / _STAGES, allow_pickle=False) as arrays:
        stages = load_stages(dict(arrays))
    kept = json.loads((folder / _WEIGHTS).read_text())
    weights = from_vector(np.array(kept["weights"]), len(classes))
    return SegmentalModel(tuple(classes), stages, weights, kept["temperature"])


def decode(scores: SegmentalScores, n_best: int = 1) -> StreamPosteriors:
    """The best segmentations and exact posteriors of the one stream in `scores`."""
    messages = run_messages(scores)
    counts = expected_counts(scores, messages)
    partition = messages.log_partition[0]
    best = [
        Hypothesis(one.labels, one.starts, float(np.exp(one.score - partition)))
        for one in best_segmentations(scores, n_best)
    ]
    segments = [
        segment_posterior(scores, messages, 0, span.start, span.stop) for span in best[0].spans
    ]
    return StreamPosteriors(
        best=tuple(best),
        class_probability=(counts.first + counts.continuation)[0],
        boundary=counts.first[0].sum(axis=1),
        segment=np.stack(segments),
    )


def fit_segmental_model(
    train: Examples,
    validation: Examples,
    classes: Sequence[str],
    hyperparameters: SequenceHyperparameters,
    *,
    score: Callable[[list[StreamPosteriors]], Scores],
    report: Report,
) -> tuple[SegmentalModel, History]:
    """Learn the stages, what weighs them, and on `validation` the temperature."""
    # All of this is small: on a busy machine threads wait longer for each other than they help.
    with threadpool_limits(limits=1):
        out_of_fold = list(_held_out_of_fold(train, classes, hyperparameters))
        stages = _stages_of_all(train, classes, hyperparameters)
        streams = original_streams(validation.channel, classes)
        groups = side_by_side(
            stages,
            [stream_features(validation.evidence, one.rows) for one in streams],
            [(stream.labels, stream.starts) for stream in streams],
        )
        rows: list[Scores] = []
        steps: list[Weights] = []

        def after_step(weights: Weights, train_loss: float) -> None:
            mean = _total_loss(weights, groups) / len(streams)
            held_out = {"loss": mean, **score(_decode_each(weights, groups))}
            report(Epoch(len(rows) + 1, train_loss, ()), held_out)
            row = {"epoch": len(rows) + 1, "train_loss": train_loss, **validation_row(held_out)}
            rows.append(row)
            steps.append(weights)

        likelihood = Likelihood(
            [group.parts for group in out_of_fold],
            [group.truths for group in out_of_fold],
            copies=hyperparameters.reshuffles,
        )
        weights, kept = fit_weights(likelihood, after_step), len(rows)
        if hyperparameters.learning == "joint":
            refine_weights(weights, likelihood, after_step)
            kept = _best_of(rows, kept, hyperparameters.choose_by)
            weights = steps[kept - 1]
        temperature = _temperature(weights, groups)
    model = SegmentalModel(tuple(classes), stages, weights, temperature)
    return model, History(tuple(rows), (), kept=kept)


def _best_of(rows: Sequence[Scores], staged: int, choose_by: str) -> int:
    """The step to keep: the staged weights', or the best of those after it if that wins."""
    choice, best, name = Choice(choose_by), staged, f"validation_{choose_by}"
    for step in range(staged + 1, len(rows) + 1):
        scores = {key.removeprefix("validation_"): v for key, v in rows[step - 1].items()}
        if choice.prefers(scores, rows[best - 1]):
            best = step
    if best == staged:
        logger.info("learning=joint: no step beat the staged weights on validation; they are kept")
    else:
        before, after = (rows[step - 1].get(name, np.nan) for step in (staged, best))
        logger.info("learning=joint: %s %.4f, with the staged weights %.4f", name, after, before)
    return best


def _stages_of_all(train: Examples, classes: Sequence[str], hp: SequenceHyperparameters) -> Stages:
    """The stages that the model keeps: learnt from all documents."""
    streams = put_together(
        train,
        classes,
        sizes=stream_sizes(train.channel),
        times=hp.reshuffles,
        withheld=hp.modality_dropout,
        rng=np.random.default_rng(hp.seed),
    )
    return fit_stages(streams, len(classes), hp)


@dataclass(frozen=True)
class SideBySide:
    """What the stages say of streams of similar length; `places`: which of all they are."""

    places: list[int]
    parts: Parts
    truths: list[Truth]


def side_by_side(
    stages: Stages, features: Sequence[StreamFeatures], truths: Sequence[Truth]
) -> list[SideBySide]:
    """All streams, those of similar length together: padding costs memory as pages do."""
    lengths = [len(stream.features) for stream in features]
    return [
        SideBySide(
            places,
            stages.parts([features[place] for place in places]),
            [truths[place] for place in places],
        )
        for places in similar_lengths(lengths, _SIDE_BY_SIDE)
    ]


def _held_out_of_fold(
    train: Examples, classes: Sequence[str], hp: SequenceHyperparameters
) -> Iterator[SideBySide]:
    """What the stages say of each fold's streams if they have learnt from the others."""
    fold = assign_folds(train.channel, hp.folds, hp.seed)
    sizes = stream_sizes(train.channel)
    for number in range(hp.folds):
        rng = np.random.default_rng((hp.seed, number))

        def anew(rows: NDArray[np.bool_], rng: np.random.Generator = rng) -> Streams:
            return put_together(
                train.take(np.flatnonzero(rows)),
                classes,
                sizes=sizes,
                times=hp.reshuffles,
                withheld=hp.modality_dropout,
                rng=rng,
            )

        stages = fit_stages(anew(fold != number), len(classes), hp)
        unseen = anew(fold == number)
        yield from side_by_side(stages, unseen.features, unseen.truths)


def _total_loss(weights: Weights, groups: Sequence[SideBySide], factor: float = 1.0) -> float:
    """Negative log-likelihood of all streams, their scores times a factor."""
    return sum(loss(weights.scores(one.parts).scaled(factor), one.truths) for one in groups)


def _decode_each(weights: Weights, groups: Sequence[SideBySide]) -> list[StreamPosteriors]:
    """Of all streams, in order."""
    found: dict[int, StreamPosteriors] = {}
    for group in groups:
        scores = weights.scores(group.parts)
        for stream, place in enumerate(group.places):
            found[place] = decode(scores.one(stream))
    return [found[place] for place in sorted(found)]


def _temperature(weights: Weights, groups: Sequence[SideBySide]) -> float:
    """The best temperature, pulled to 1.

    What was learnt out of fold is calibrated already; few streams must not undo it.
    """
    return best_temperature(
        lambda log_temperature: _total_loss(weights, groups, np.exp(-log_temperature)),
        doubt=_DOUBT,
    )
