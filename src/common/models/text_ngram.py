"""The default text model: selected hashed n-grams, tf-idf, three linear heads.

Log-linear in the features, so that it trains in seconds and each feature's vote can be read off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mxnet as mx
import numpy as np
from mxnet import gluon
from numpy.typing import NDArray
from scipy import sparse

from common.job.errors import ClientError
from common.job.tables import TextHyperparameters
from common.models.heads import BOUNDARY_HEADS, heads_loss, opinions_of, score
from common.pages.channel import Channel
from common.pages.feature_selection import select_features
from common.pages.ocr_noise import add_noise
from common.pages.outputs import PageOutputs, page_outputs
from common.pages.targets import Targets, targets_of
from common.pages.text import count_matrix
from common.pages.text_descriptor import describe_texts, inverse_document_frequency
from common.training.history import History, Report, keep_best
from common.training.loop import train_epochs
from common.training.rates import warm_then_decay

_PREDICT = 4096  # pages of one forward pass


class NgramHeads(gluon.Block):
    """csr float32 [pages, features] → heads [pages, classes + 2], linear or with a hidden layer."""

    def __init__(self, features: int, classes: int, hidden: int) -> None:
        super().__init__(prefix="ngram_")
        outputs = classes + BOUNDARY_HEADS
        with self.name_scope():
            self.weight = self.params.get(
                "weight", shape=(features, hidden or outputs), grad_stype="row_sparse"
            )
            self.bias = self.params.get("bias", shape=(hidden or outputs,), init="zeros")
            self.top = gluon.nn.Dense(outputs, in_units=hidden) if hidden else None

    def forward(self, counts: mx.nd.sparse.CSRNDArray) -> mx.nd.NDArray:
        return self.heads(self.embed(counts))

    def embed(self, counts: mx.nd.sparse.CSRNDArray) -> mx.nd.NDArray:
        """[pages, hidden], or the heads' own output without a hidden layer."""
        dense = mx.nd.sparse.dot(counts, self.weight.data()) + self.bias.data()
        return dense if self.top is None else dense.relu()

    def heads(self, embedding: mx.nd.NDArray) -> mx.nd.NDArray:
        return embedding if self.top is None else self.top(embedding)


@dataclass(frozen=True)
class TextModel:
    """A trained text model.

    `selected`: uint32 [features], the buckets it looks at; `idf`: float32 [BUCKETS].
    """

    classes: tuple[str, ...]
    selected: NDArray[np.uint32]
    idf: NDArray[np.float32]
    net: NgramHeads

    def outputs(self, channel: Channel, how: str) -> PageOutputs:
        """What the model says of each page of a channel."""
        texts = [page.text for page in channel.pages]
        features = weigh(count_matrix(texts, self.selected), self.idf[self.selected])
        embedding, heads = forward(self.net, features)
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
        self.net.save_parameters(str(folder / "weights.params"))
        arrays = {
            "selected": mx.nd.array(self.selected, dtype="int32"),
            "idf": mx.nd.array(self.idf),
        }
        mx.nd.save(str(folder / "features.params"), arrays)


def load_text_model(
    folder: Path, classes: Sequence[str], hyperparameters: TextHyperparameters
) -> TextModel:
    """Load what `TextModel.save` wrote."""
    arrays = mx.nd.load(str(folder / "features.params"))
    selected = arrays["selected"].asnumpy().astype(np.uint32)
    net = NgramHeads(len(selected), len(classes), hyperparameters.hidden)
    net.load_parameters(str(folder / "weights.params"))
    return TextModel(tuple(classes), selected, arrays["idf"].asnumpy(), net)


def fit_text_model(
    train: Channel,
    validation: Channel,
    classes: Sequence[str],
    hyperparameters: TextHyperparameters,
    report: Report,
) -> tuple[TextModel, History]:
    """Train on `train`; the epoch with the lowest loss on `validation` is kept."""
    hp = hyperparameters
    targets = targets_of(train, classes)
    everything = count_matrix([page.text for page in train.pages])
    if not everything.nnz:
        raise ClientError(
            f"channel '{train.name}': no page has text. Give it some, or train the image model "
            "alone: the sequence model can do without this one."
        )
    idf = inverse_document_frequency(everything)
    selected = select_features(everything, targets, hp.max_features)
    features = weigh(everything[:, selected], idf[selected])
    if hp.noise:
        noisy = count_matrix(_noised(train, hp.noise, hp.seed), selected)
        features = sparse.vstack([features, weigh(noisy, idf[selected])], format="csr")
    held_out = weigh(
        count_matrix([page.text for page in validation.pages], selected), idf[selected]
    )
    held_out_targets = targets_of(validation, classes)

    mx.random.seed(hp.seed)
    net = NgramHeads(len(selected), len(classes), hp.hidden)
    net.initialize(mx.init.Xavier() if hp.hidden else mx.init.Zero())
    trainer = gluon.Trainer(net.collect_params(), "adam", kvstore=None)

    def loss(batch: tuple[sparse.csr_matrix, Targets]) -> mx.nd.NDArray:
        counts, wanted = batch
        return heads_loss(net(_to_mxnet(counts)), wanted, hp.label_smoothing)

    def batches(epoch: int) -> list[tuple[sparse.csr_matrix, Targets]]:
        rng = np.random.default_rng((hp.seed, epoch))
        order = rng.permutation(len(train))
        copies = features.shape[0] // len(train)  # each page as it is, and perhaps noised
        rows = order + len(train) * rng.integers(0, copies, len(order))
        return [
            (_drop(features[batch], hp.dropout, rng), targets.take(batch % len(train)))
            for batch in np.split(rows, range(hp.batch_size, len(order), hp.batch_size))
        ]

    epochs = train_epochs(
        trainer,
        batches,
        loss,
        warm_then_decay(hp.learning_rate, hp.epochs),
        epochs=hp.epochs,
        seed=hp.seed,
    )
    history = keep_best(
        net,
        epochs,
        evaluate=lambda: score(forward(net, held_out)[1], held_out_targets),
        report=report,
    )
    return TextModel(tuple(classes), selected, idf, net), history


def _noised(channel: Channel, most: float, seed: int) -> list[str]:
    """Each page as OCR would have read it at a character error rate of its own, up to `most`."""
    rng = np.random.default_rng(seed)
    return [add_noise(page.text, rng.uniform(0, most), rng) for page in channel.pages]


def weigh(counts: sparse.csr_matrix, idf: NDArray[np.float32]) -> sparse.csr_matrix:
    """tf-idf, ln(1 + count) · idf, rows of unit length."""
    weighed = counts.copy()
    weighed.data = np.log1p(weighed.data) * idf[weighed.indices]
    length = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    scale = 1 / np.maximum(length, 1e-9)
    weighed.data *= np.repeat(scale, np.diff(weighed.indptr)).astype(np.float32)
    return weighed


def _drop(features: sparse.csr_matrix, share: float, rng: np.random.Generator) -> sparse.csr_matrix:
    """Dropout of single features; what is kept is scaled up."""
    kept = rng.random(features.nnz) >= share
    dropped = features.copy()
    dropped.data = np.where(kept, features.data / (1 - share), 0).astype(np.float32)
    return dropped


def forward(
    net: NgramHeads, features: sparse.csr_matrix
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(embedding, heads) of pages, a few thousand at a time."""
    parts = []
    for start in range(0, features.shape[0], _PREDICT):
        embedding = net.embed(_to_mxnet(features[start : start + _PREDICT]))
        parts.append((embedding.asnumpy(), net.heads(embedding).asnumpy()))
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _to_mxnet(features: sparse.csr_matrix) -> mx.nd.sparse.CSRNDArray:
    """MXNet cannot infer the shape of a batch without any entry, so such a one gets a zero."""
    if features.nnz == 0:
        features = sparse.csr_matrix((np.zeros(1, np.float32), ([0], [0])), shape=features.shape)
    return mx.nd.sparse.csr_matrix(
        (features.data, features.indices, features.indptr), shape=features.shape
    )
