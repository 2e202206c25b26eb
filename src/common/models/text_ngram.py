"""The default text encoder: selected hashed n-grams, tf-idf, three linear heads.

Log-linear in the features, so that it trains in seconds and each feature's vote can be read off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mxnet as mx
import numpy as np
from mxnet import gluon
from numpy.typing import NDArray
from scipy import sparse

from common.job.tables import TextHyperparameters
from common.models.heads import BOUNDARY_HEADS, heads_loss, score
from common.models.text_encoder import Heads, TextExamples
from common.pages.feature_selection import select_features
from common.pages.ngrams import count_matrix
from common.pages.ocr_noise import add_noise
from common.pages.targets import Targets
from common.pages.text_descriptor import inverse_document_frequency
from common.training.fit import fit_network
from common.training.history import History
from common.training.rates import warm_then_decay
from common.training.run import Run

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
class NgramEncoder:
    """`selected` uint32 [features], the buckets it looks at, and `idf` float32 [features]."""

    selected: NDArray[np.uint32]
    idf: NDArray[np.float32]
    net: NgramHeads

    def forward(self, texts: Sequence[str]) -> Heads:
        return forward(self.net, weigh(count_matrix(texts, self.selected), self.idf))

    def save(self, folder: Path) -> None:
        self.net.save_parameters(str(folder / "weights.params"))
        arrays = {
            "selected": mx.nd.array(self.selected, dtype="int32"),
            "idf": mx.nd.array(self.idf),
        }
        mx.nd.save(str(folder / "features.params"), arrays)


def load(folder: Path, classes: int, hyperparameters: TextHyperparameters) -> NgramEncoder:
    """Load what `NgramEncoder.save` wrote."""
    arrays = mx.nd.load(str(folder / "features.params"))
    selected = arrays["selected"].asnumpy().astype(np.uint32)
    net = NgramHeads(len(selected), classes, hyperparameters.hidden)
    net.load_parameters(str(folder / "weights.params"))
    return NgramEncoder(selected, arrays["idf"].asnumpy(), net)


def fit(
    train: TextExamples,
    validation: TextExamples,
    classes: int,
    hyperparameters: TextHyperparameters,
    run: Run,
) -> tuple[NgramEncoder, History]:
    """Select features and train the heads; nothing pretrained is of use. See `fit_network`."""
    hp = hyperparameters
    survey = train.survey
    selected = select_features(survey.counts, survey.targets, hp.max_features)
    idf = inverse_document_frequency(survey.counts)[selected]
    features = weigh(count_matrix(train.texts, selected), idf)
    if hp.noise:
        noisy = weigh(count_matrix(_noised(train.texts, hp.noise, hp.seed), selected), idf)
        features = sparse.vstack([features, noisy], format="csr")
    held_out = weigh(count_matrix(validation.texts, selected), idf)

    mx.random.seed(hp.seed)
    net = NgramHeads(len(selected), classes, hp.hidden)
    net.initialize(mx.init.Xavier() if hp.hidden else mx.init.Zero())

    def batches(epoch: int) -> list[tuple[sparse.csr_matrix, Targets]]:
        rng = np.random.default_rng((hp.seed, epoch))
        pages = len(train.texts)
        copies = features.shape[0] // pages  # each page as it is, and perhaps noised
        rows = rng.permutation(pages) + pages * rng.integers(0, copies, pages)
        return [
            (_drop(features[batch], hp.dropout, rng), train.targets.take(batch % pages))
            for batch in np.split(rows, range(hp.batch_size, pages, hp.batch_size))
        ]

    history = fit_network(
        net,
        "adam",
        {"lazy_update": False},
        batches=batches,
        loss=lambda batch: heads_loss(net(_to_mxnet(batch[0])), batch[1], hp.label_smoothing),
        schedule=warm_then_decay(hp.peak_rate, hp.epochs),
        epochs=hp.epochs,
        seed=hp.seed,
        evaluate=lambda: score(forward(net, held_out)[1], validation.targets),
        run=run,
    )
    return NgramEncoder(selected, idf, net), history


def _noised(texts: Sequence[str], most: float, seed: int) -> Iterator[str]:
    """Each page as OCR would have read it at a character error rate of its own, up to `most`."""
    rng = np.random.default_rng(seed)
    return (add_noise(text, rng.uniform(0, most), rng) for text in texts)


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


def forward(net: NgramHeads, features: sparse.csr_matrix) -> Heads:
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
