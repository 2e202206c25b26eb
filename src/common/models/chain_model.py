"""The chain: a network's scores of pages, which a linear-chain CRF puts together."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import mxnet as mx
import numpy as np
from numpy.typing import NDArray

from common.job.files import write_json
from common.job.tables import SequenceHyperparameters
from common.models.chain_crf import ChainScores, padded_scores, path_score, run_messages
from common.models.chain_decoding import decode_each
from common.models.chain_likelihood import ChainLikelihood
from common.models.sequence_network import SequenceNetwork
from common.models.sequence_scorer import SequenceScorer, scorer_of
from common.models.stream_batches import (
    lengths_of,
    padded_features,
    padded_votes,
    similar_lengths,
)
from common.models.temperature import best_temperature
from common.pages.evidence import Evidence, StreamFeatures, stream_features
from common.pages.examples import Examples, withholding
from common.pages.posteriors import StreamPosteriors
from common.pages.recombination import LabelledStream, original_streams, recombined_streams
from common.training.choice import Choice
from common.training.fit import fit_network
from common.training.history import History, Report, Scores
from common.training.rates import warm_then_decay
from common.training.run import Run

NETWORK = "network.json"
Batch = list[tuple[LabelledStream, StreamFeatures]]
_SIDE_BY_SIDE = 4096  # pages, padding included


@dataclass(frozen=True)
class ChainModel:
    """A trained linear chain. Scores are divided by `temperature`."""

    classes: tuple[str, ...]
    net: SequenceNetwork
    temperature: float

    @cached_property
    def _scorer(self) -> SequenceScorer:
        return scorer_of(self.net)

    def posteriors(
        self, evidence: Evidence, streams: Sequence[range], n_best: int = 1
    ) -> list[StreamPosteriors]:
        """The best segmentations of each stream, given by its rows, and how sure they are."""
        groups = scores_side_by_side(
            self._scorer,
            [len(rows) for rows in streams],
            lambda place: stream_features(evidence, np.asarray(streams[place])),
        )
        return _decoded(groups, self.temperature, n_best)

    def save(self, folder: Path) -> None:
        self.net.save_parameters(str(folder / "weights.params"))
        width, modalities = self.net.standardised.mean.shape[0], self.net.class_weight.shape[0]
        shape = {"width": width, "modalities": modalities}
        write_json(folder / NETWORK, {**shape, "temperature": self.temperature})


def fit_chain_model(
    train: Examples,
    validation: Examples,
    classes: Sequence[str],
    hyperparameters: SequenceHyperparameters,
    *,
    score: Callable[[list[StreamPosteriors]], Scores],
    report: Report,
) -> tuple[ChainModel, History]:
    """Train by the exact negative log-likelihood.

    The epoch that is best on `validation` by `choose_by` is kept, then the temperature that suits
    it.

    Args:
        score: rates the segmentation of validation's streams, for the log and the history.
    """
    hp = hyperparameters
    as_uploaded = original_streams(train.channel, classes)
    held_out = original_streams(validation.channel, classes)
    held_out_features = [stream_features(validation.evidence, one.rows) for one in held_out]
    mx.random.seed(hp.seed)
    net = _initialised(train, as_uploaded, len(classes), hp)

    def held_out_scores() -> list[SideBySide]:
        lengths = [len(one.rows) for one in held_out]
        return list(scores_side_by_side(scorer_of(net), lengths, held_out_features.__getitem__))

    def evaluate() -> Scores:
        groups = held_out_scores()
        return {"loss": _mean_loss(groups, held_out, 1.0), **score(_decoded(groups, 1.0))}

    history = fit_network(
        net,
        "adam",
        {"wd": hp.weight_decay},
        batches=lambda epoch: _batches(train, as_uploaded, classes, hp, epoch),
        loss=lambda batch: _losses(net, batch),
        schedule=warm_then_decay(hp.learning_rate, hp.epochs),
        epochs=hp.epochs,
        seed=hp.seed,
        evaluate=evaluate,
        # Trained in seconds: without checkpoints.
        run=Run(report, choice=Choice(hp.choose_by, hp.patience)),
    )
    groups = held_out_scores()
    temperature = best_temperature(
        lambda log_temperature: _mean_loss(groups, held_out, np.exp(log_temperature))
    )
    return ChainModel(tuple(classes), net, temperature), history


def load_chain_model(
    folder: Path,
    classes: Sequence[str],
    hyperparameters: SequenceHyperparameters,
) -> ChainModel:
    """Load what `ChainModel.save` wrote."""
    shape = json.loads((folder / NETWORK).read_text())
    net = _network(shape["width"], len(classes), shape["modalities"], hyperparameters)
    net.load_parameters(str(folder / "weights.params"))
    return ChainModel(tuple(classes), net, shape["temperature"])


@dataclass(frozen=True)
class SideBySide:
    """The CRF's scores of streams of similar length, padded. `places`: which of all they are."""

    places: list[int]
    lengths: list[int]
    scores: ChainScores


def scores_side_by_side(
    scorer: SequenceScorer, lengths: Sequence[int], features: Callable[[int], StreamFeatures]
) -> Iterator[SideBySide]:
    """The CRF's scores of streams of so many pages each, given by place."""
    for places in similar_lengths(lengths, _SIDE_BY_SIDE):
        own = [lengths[place] for place in places]
        scores = scorer(*_padded([features(place) for place in places]))
        yield SideBySide(places, own, padded_scores(scores, own))


def _decoded(
    groups: Iterable[SideBySide], temperature: float, n_best: int = 1
) -> list[StreamPosteriors]:
    """Of all streams, in order."""
    found: dict[int, StreamPosteriors] = {}
    for group in groups:
        decoded = decode_each(group.scores.scaled(1 / temperature), group.lengths, n_best)
        found.update(zip(group.places, decoded, strict=True))
    return [found[place] for place in sorted(found)]


def _network(
    width: int, classes: int, modalities: int, hyperparameters: SequenceHyperparameters
) -> SequenceNetwork:
    hp = hyperparameters
    net = SequenceNetwork(
        width, classes, modalities, encoder=hp.encoder, hidden=hp.hidden, dropout=hp.dropout
    )
    net.hybridize()
    return net


def _initialised(
    train: Examples,
    streams: Sequence[LabelledStream],
    classes: int,
    hyperparameters: SequenceHyperparameters,
) -> SequenceNetwork:
    """A network that knows the inputs' mean and deviation."""
    seen = [stream_features(train.evidence, stream.rows) for stream in streams]
    features = np.concatenate([stream.features for stream in seen])
    modalities = len(seen[0].class_votes)
    net = _network(features.shape[1], classes, modalities, hyperparameters)
    net.initialize(mx.init.Xavier())
    net.standardised.know(features)
    return net


def _batches(
    train: Examples,
    as_uploaded: Sequence[LabelledStream],
    classes: Sequence[str],
    hyperparameters: SequenceHyperparameters,
    epoch: int,
) -> list[Batch]:
    """An epoch's streams: as they were uploaded, or their documents put together anew."""
    hp = hyperparameters
    rng = np.random.default_rng((hp.seed, epoch))
    anew = rng.random() < hp.recombine
    streams = recombined_streams(train.channel, classes, rng) if anew else as_uploaded
    order = rng.permutation(len(streams))
    made = [
        (streams[i], withholding(train.evidence, streams[i], hp.modality_dropout, rng))
        for i in order
    ]
    return [made[at : at + hp.batch_size] for at in range(0, len(made), hp.batch_size)]


def _losses(net: SequenceNetwork, batch: Batch) -> mx.nd.NDArray:
    """Negative log-likelihood of each stream, [streams]."""
    inputs = _padded([features for _, features in batch])
    first, continuation, change = net(*map(mx.nd.array, inputs))
    truths = [(stream.labels, stream.starts) for stream, _ in batch]
    return ChainLikelihood(truths)(first, continuation, change)


def _padded(streams: Sequence[StreamFeatures]) -> tuple[NDArray, ...]:
    """The network's input of several streams."""
    return padded_features(streams), *padded_votes(streams), lengths_of(streams)


def _mean_loss(
    groups: Sequence[SideBySide], truths: Sequence[LabelledStream], temperature: float
) -> float:
    """Mean negative log-likelihood of a stream."""
    total = 0.0
    for group in groups:
        cooled = group.scores.scaled(1 / temperature)
        total += float(run_messages(cooled).log_partition.sum())
        for stream, (place, pages) in enumerate(zip(group.places, group.lengths, strict=True)):
            truth = truths[place]
            total -= path_score(cooled.one(stream, pages), truth.labels, truth.starts)
    return total / len(truths)
