"""The segmental model: stages that say what they see, and a semi-Markov CRF that weighs them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from common.job.files import write_atomically, write_json
from common.job.tables import SequenceHyperparameters
from common.models.segmental_crf import (
    SegmentalScores,
    expected_counts,
    run_messages,
    segment_posterior,
)
from common.models.segmental_paths import Truth, best_segmentations
from common.models.segmental_stages import Stages, Streams, fit_stages, load_stages, put_together
from common.models.segmental_weights import Parts, Weights, fit_weights, from_vector, loss
from common.models.temperature import best_temperature
from common.pages.evidence import Evidence, stream_features
from common.pages.examples import Examples
from common.pages.folds import assign_folds
from common.pages.posteriors import Hypothesis, StreamPosteriors
from common.pages.recombination import original_streams, stream_sizes
from common.training.history import History, Report, Scores
from common.training.loop import Epoch

_STAGES, _WEIGHTS = "stages.npz", "weights.json"
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
    weights = from_vector(np.array(kept["weights"]))
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
        held_out_parts, held_out_truths = _held_out_of_fold(train, classes, hyperparameters)
        stages = _stages_of_all(train, classes, hyperparameters)
        streams = original_streams(validation.channel, classes)
        truths: list[Truth] = [(stream.labels, stream.starts) for stream in streams]
        parts = stages.parts([stream_features(validation.evidence, one.rows) for one in streams])
        rows: list[Scores] = []

        def after_step(weights: Weights, train_loss: float) -> None:
            scores = weights.scores(parts)
            held_out = {"loss": loss(scores, truths) / len(truths), **score(_decode_each(scores))}
            report(Epoch(len(rows) + 1, train_loss, ()), held_out)
            named = {f"validation_{name}": value for name, value in held_out.items()}
            rows.append({"epoch": len(rows) + 1, "train_loss": train_loss, **named})

        weights = fit_weights(
            held_out_parts,
            held_out_truths,
            copies=hyperparameters.reshuffles,
            after_step=after_step,
        )
        temperature = _temperature(weights.scores(parts), truths)
    model = SegmentalModel(tuple(classes), stages, weights, temperature)
    return model, History(tuple(rows), (), kept=len(rows))


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


def _held_out_of_fold(
    train: Examples, classes: Sequence[str], hp: SequenceHyperparameters
) -> tuple[list[Parts], list[list[Truth]]]:
    """What the stages say of each fold's streams if they have learnt from the others."""
    fold = assign_folds(train.channel, hp.folds, hp.seed)
    sizes = stream_sizes(train.channel)
    parts, truths = [], []
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
        parts.append(stages.parts(unseen.features))
        truths.append(unseen.truths)
    return parts, truths


def _decode_each(scores: SegmentalScores) -> list[StreamPosteriors]:
    return [decode(scores.one(stream)) for stream in range(len(scores.lengths))]


def _temperature(scores: SegmentalScores, truths: Sequence[Truth]) -> float:
    """The best temperature for `scores`, pulled to 1.

    What was learnt out of fold is calibrated already; few streams must not undo it.
    """
    return best_temperature(
        lambda log_temperature: loss(scores.scaled(np.exp(-log_temperature)), truths),
        doubt=_DOUBT,
    )
