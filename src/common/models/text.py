"""The text model: an encoder that judges page texts, and the descriptors that go with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import mxnet as mx
import numpy as np
from numpy.typing import NDArray

from common.job.errors import ClientError
from common.job.tables import TextHyperparameters
from common.models import text_bert, text_cnn, text_ngram
from common.models.heads import class_temperature, opinions_of
from common.models.temperature import load_temperature, save_temperature
from common.models.text_encoder import TextEncoder, TextExamples
from common.models.token_votes import Votes
from common.pages.channel import Channel
from common.pages.outputs import PageOutputs, join_descriptors, page_outputs
from common.pages.targets import targets_of
from common.pages.text_descriptor import describe_texts
from common.training.choice import Choice
from common.training.history import History
from common.training.run import Run

ENCODERS = {"ngram": text_ngram, "cnn": text_cnn, "bert": text_bert}
_DESCRIPTOR = "descriptor.params"
_PAGES = 4096  # judged at a time


@dataclass(frozen=True)
class TextModel:
    """A trained text model.

    `temperature` calibrates its classes; `idf` float32 [BUCKETS] weighs the descriptors'
    projections.
    """

    classes: tuple[str, ...]
    encoder: TextEncoder
    temperature: float
    idf: NDArray[np.float32]

    def outputs(self, channel: Channel, how: str) -> PageOutputs:
        """What the model says of each page of a channel."""
        parts = [
            (*self.encoder.forward(texts), describe_texts(texts, self.idf))
            for texts in _some_at_a_time(channel.texts)
        ]
        embeddings, heads, descriptors = zip(*parts, strict=True)
        opinions = opinions_of(np.concatenate(heads), self.temperature)
        return page_outputs(
            channel,
            kind="text",
            how=how,
            classes=self.classes,
            present=np.array([page.has_text for page in channel.pages], dtype=bool),
            probabilities=opinions.probabilities,
            first_page=opinions.first_page,
            last_page=opinions.last_page,
            embedding=np.concatenate(embeddings),
            descriptors={**join_descriptors(descriptors), "energy": opinions.energy},
        )

    def calibrated(self, examples: TextExamples) -> TextModel:
        """The model whose probabilities mean what they say on pages that it has not learnt."""
        heads = [self.encoder.forward(texts)[1] for texts in _some_at_a_time(examples.texts)]
        temperature = class_temperature(np.concatenate(heads), examples.targets)
        return replace(self, temperature=temperature)

    def explain(self, channel: Channel, labels: Sequence[str], k: int) -> list[Votes]:
        """What of each page's text spoke most for its class in `labels`, at most `k` of it."""
        return [
            self.encoder.explain(page.text, self.classes.index(label), k)
            for page, label in zip(channel.pages, labels, strict=True)
        ]

    def save(self, folder: Path) -> None:
        self.encoder.save(folder)
        mx.nd.save(str(folder / _DESCRIPTOR), {"idf": mx.nd.array(self.idf)})
        save_temperature(folder, self.temperature)


def _some_at_a_time(texts: Sequence[str]) -> Iterator[list[str]]:
    """A few thousand texts in memory, however many there are."""
    for start in range(0, len(texts), _PAGES):
        yield list(texts[start : start + _PAGES])


def fit_text_model(
    train: Channel,
    validation: Channel,
    classes: Sequence[str],
    hyperparameters: TextHyperparameters,
    run: Run,
) -> tuple[TextModel, History]:
    """Train on `train`; `validation` chooses the epoch that is kept, and calibrates it."""
    if not any(page.has_text for page in train.pages):
        raise ClientError(
            f"channel '{train.name}': no page has text. Give it some, or train the image model "
            "alone: the sequence model can do without this one."
        )
    hp = hyperparameters
    learn, choose = (
        TextExamples(channel.texts, targets_of(channel, classes, hp.class_weighting))
        for channel in (train, validation)
    )
    own = run.checkpoints_of(
        "text", train.fingerprint, validation.fingerprint, hp.model_dump_json()
    )
    run = replace(run, checkpoints=own, choice=Choice(hp.choose_by, hp.patience))
    encoder, history = ENCODERS[hp.encoder].fit(learn, choose, classes, hp, run)
    uncalibrated = TextModel(tuple(classes), encoder, 1.0, learn.survey.idf)
    return uncalibrated.calibrated(choose), history


def load_text_model(
    folder: Path, classes: Sequence[str], hyperparameters: TextHyperparameters
) -> TextModel:
    """Load what `TextModel.save` wrote."""
    encoder = ENCODERS[hyperparameters.encoder].load(folder, len(classes), hyperparameters)
    idf = mx.nd.load(str(folder / _DESCRIPTOR))["idf"].asnumpy()
    return TextModel(tuple(classes), encoder, load_temperature(folder), idf)
