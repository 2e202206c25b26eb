"""The text model: an encoder that judges page texts, and the descriptors that go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import mxnet as mx
import numpy as np
from numpy.typing import NDArray

from common.job.errors import ClientError
from common.job.tables import TextHyperparameters
from common.models import text_bert, text_cnn, text_ngram
from common.models.heads import opinions_of
from common.models.text_encoder import TextEncoder, TextExamples
from common.pages.channel import Channel
from common.pages.outputs import PageOutputs, page_outputs
from common.pages.targets import targets_of
from common.pages.text_descriptor import describe_texts, inverse_document_frequency
from common.training.history import History
from common.training.run import Run

ENCODERS = {"ngram": text_ngram, "cnn": text_cnn, "bert": text_bert}
_DESCRIPTOR = "descriptor.params"


@dataclass(frozen=True)
class TextModel:
    """A trained text model; `idf` float32 [BUCKETS] weighs the descriptors' projections."""

    classes: tuple[str, ...]
    encoder: TextEncoder
    idf: NDArray[np.float32]

    def outputs(self, channel: Channel, how: str) -> PageOutputs:
        """What the model says of each page of a channel."""
        texts = [page.text for page in channel.pages]
        embedding, heads = self.encoder.forward(texts)
        opinions = opinions_of(heads)
        return page_outputs(
            channel,
            kind="text",
            how=how,
            classes=self.classes,
            present=np.array([page.has_text for page in channel.pages], dtype=bool),
            probabilities=opinions.probabilities,
            first_page=opinions.first_page,
            last_page=opinions.last_page,
            embedding=embedding,
            descriptors=describe_texts(texts, self.idf),
        )

    def save(self, folder: Path) -> None:
        self.encoder.save(folder)
        mx.nd.save(str(folder / _DESCRIPTOR), {"idf": mx.nd.array(self.idf)})


def fit_text_model(
    train: Channel,
    validation: Channel,
    classes: Sequence[str],
    hyperparameters: TextHyperparameters,
    run: Run,
) -> tuple[TextModel, History]:
    """Train on `train`; the epoch with the lowest loss on `validation` is kept."""
    if not any(page.has_text for page in train.pages):
        raise ClientError(
            f"channel '{train.name}': no page has text. Give it some, or train the image model "
            "alone: the sequence model can do without this one."
        )
    learn, choose = (
        TextExamples([page.text for page in channel.pages], targets_of(channel, classes))
        for channel in (train, validation)
    )
    own = run.checkpoints.of(
        "text", train.fingerprint(), validation.fingerprint(), hyperparameters.model_dump_json()
    )
    encoder, history = ENCODERS[hyperparameters.encoder].fit(
        learn, choose, len(classes), hyperparameters, replace(run, checkpoints=own)
    )
    idf = inverse_document_frequency(learn.survey.counts)
    return TextModel(tuple(classes), encoder, idf), history


def load_text_model(
    folder: Path, classes: Sequence[str], hyperparameters: TextHyperparameters
) -> TextModel:
    """Load what `TextModel.save` wrote."""
    encoder = ENCODERS[hyperparameters.encoder].load(folder, len(classes), hyperparameters)
    idf = mx.nd.load(str(folder / _DESCRIPTOR))["idf"].asnumpy()
    return TextModel(tuple(classes), encoder, idf)
