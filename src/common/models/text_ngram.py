"""The default text encoder: selected hashed n-grams, tf-idf, three linear heads.

Log-linear in the features, so that it trains in seconds and each feature's vote can be read off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mxnet as mx
import numpy as np
from mxnet import gluon
from numpy.typing import NDArray
from scipy import sparse

from common.job.pretrained import Pretrained
from common.job.tables import TextHyperparameters
from common.models.fine_tuning import freeze_all_but, go_on_from
from common.models.heads import BOUNDARY_HEADS, heads_loss, score
from common.models.text_encoder import Heads, TextExamples
from common.models.token_votes import Votes, strongest
from common.pages.feature_blocks import FeatureBlocks, feature_blocks
from common.pages.feature_selection import select_features
from common.pages.ngrams import count_parts, spelled, stacked
from common.pages.targets import Targets
from common.training.fit import fit_network
from common.training.history import History
from common.training.rates import warm_then_decay
from common.training.run import Run

# A linear model's step is as good as the gradient times one common rate: with a step for each
# weight rare features would learn as fast as frequent ones, and be believed too much.
_LINEAR: dict[str, float] = {"epsilon": 0.1, "lazy_update": False}
_HIDDEN: dict[str, float] = {"lazy_update": False}
# How far it goes regularises it (Goodfellow et al. 2016, §7.8): the rate times the steps, up to a
# rate that does not yet shake it. Many pages take it further.
_WAY, _WAY_A_PAGE, _FASTEST = 800.0, 0.4, 5.0
_HIDDEN_RATE = 0.01
_BOUNDARY_WEIGHT = 4.0  # boundaries are to be learnt as far as classes are, and need more steps


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

    @property
    def heads_axes(self) -> dict[str, int]:
        """Name of each parameter of the heads → its axis of [classes + 2]."""
        if self.top is None:
            return {self.weight.name: 1, self.bias.name: 0}
        return {self.top.weight.name: 0, self.top.bias.name: 0}


@dataclass(frozen=True)
class NgramFeatures:
    """`selected` uint32 [features], the buckets that are looked at, and `idf` float32 [features].

    Called on texts: their weights, float32 [pages, features].
    """

    selected: NDArray[np.uint32]
    idf: NDArray[np.float32]

    def __call__(self, texts: Iterable[str]) -> sparse.csr_matrix:
        parts = (weigh(part, self.idf) for part in count_parts(texts, self.selected))
        return stacked(parts, len(self.selected))


@dataclass(frozen=True)
class NgramEncoder:
    """What it looks at, and the heads on it."""

    features: NgramFeatures
    net: NgramHeads

    def forward(self, texts: Sequence[str]) -> Heads:
        return forward(self.net, self.features(texts))

    def explain(self, text: str, label: int, k: int) -> Votes:
        """The `k` n-grams of a page that spoke most for class `label`.

        Feature × gradient of the class's logit above the mean of all classes': without a hidden
        layer exactly what each n-gram added. Of n-grams that share a bucket the first is named.
        """
        page = self.features([text])
        votes = page.data * _gradient(self.net, page, label)[page.indices]
        names = spelled(text)
        buckets = self.features.selected[page.indices].tolist()
        return strongest(((names[b], vote) for b, vote in zip(buckets, votes, strict=True)), k)

    def save(self, folder: Path) -> None:
        self.net.save_parameters(str(folder / "weights.params"))
        arrays = {
            "selected": mx.nd.array(self.features.selected, dtype="int32"),
            "idf": mx.nd.array(self.features.idf),
        }
        mx.nd.save(str(folder / "features.params"), arrays)


def load(folder: Path, classes: int, hyperparameters: TextHyperparameters) -> NgramEncoder:
    """Load what `NgramEncoder.save` wrote."""
    arrays = mx.nd.load(str(folder / "features.params"))
    selected = arrays["selected"].asnumpy().astype(np.uint32)
    net = NgramHeads(len(selected), classes, hyperparameters.hidden)
    net.load_parameters(str(folder / "weights.params"))
    return NgramEncoder(NgramFeatures(selected, arrays["idf"].asnumpy()), net)


def fit(
    train: TextExamples,
    validation: TextExamples,
    classes: Sequence[str],
    hyperparameters: TextHyperparameters,
    run: Run,
) -> tuple[NgramEncoder, History]:
    """Select features, or keep an earlier encoder's, and train the heads; see `fit_network`."""
    hp = hyperparameters
    features, net = _start(train, classes, hp, run.pretrained)
    with (
        feature_blocks(train.texts, features, seed=hp.seed, noise=hp.noise) as blocks,
        feature_blocks(validation.texts, features) as held_out,
    ):
        history = fit_network(
            net,
            "adam",
            _HIDDEN if hp.hidden else _LINEAR,
            batches=lambda epoch: _Epoch(blocks, train.targets, hp, epoch),
            loss=lambda batch: heads_loss(
                net(_to_mxnet(batch[0])), batch[1], hp.label_smoothing, _BOUNDARY_WEIGHT
            ),
            schedule=warm_then_decay(_rate(hp, blocks), hp.epochs),
            epochs=hp.epochs,
            seed=hp.seed,
            evaluate=lambda: score(_heads_of(net, held_out), validation.targets),
            run=run,
        )
    return NgramEncoder(features, net), history


def _start(
    train: TextExamples,
    classes: Sequence[str],
    hyperparameters: TextHyperparameters,
    pretrained: Pretrained[NgramEncoder] | None,
) -> tuple[NgramFeatures, NgramHeads]:
    hp = hyperparameters
    earlier = pretrained.earlier if pretrained else None
    features = earlier.features if earlier else _choose_features(train, hp)
    mx.random.seed(hp.seed)
    net = NgramHeads(len(features.selected), len(classes), hp.hidden)
    net.initialize(mx.init.Xavier() if hp.hidden else mx.init.Zero())
    if pretrained and earlier:
        go_on_from(earlier.net, pretrained.classes, net, classes, net.heads_axes)
    if hp.freeze:
        freeze_all_but(net, net.heads_axes)
    return features, net


def _choose_features(train: TextExamples, hyperparameters: TextHyperparameters) -> NgramFeatures:
    selected = select_features(train.survey.worth, hyperparameters.max_features)
    return NgramFeatures(selected, train.survey.idf[selected])


def _rate(hyperparameters: TextHyperparameters, blocks: FeatureBlocks) -> float:
    """The peak of the learning rate."""
    hp = hyperparameters
    steps = hp.epochs * blocks.batches(hp.batch_size)
    way = max(_WAY, _WAY_A_PAGE * blocks.pages)
    own = _HIDDEN_RATE if hp.hidden else min(_FASTEST, way / steps)
    return hp.learning_rate or own


@dataclass(frozen=True)
class _Epoch:
    """The batches of one epoch: (features, targets), blocks and pages in an order of its own.

    Each page comes once, as it is or, where there is one and chance has it, as its noised copy.
    """

    blocks: FeatureBlocks
    targets: Targets
    hyperparameters: TextHyperparameters
    epoch: int

    def __len__(self) -> int:
        return self.blocks.batches(self.hyperparameters.batch_size)

    def __iter__(self) -> Iterator[tuple[sparse.csr_matrix, Targets]]:
        hp = self.hyperparameters
        rng = np.random.default_rng((hp.seed, self.epoch))
        for number in rng.permutation(len(self.blocks)):
            block = self.blocks.read(number)
            pages = len(block.rows)
            seen = np.where(rng.random(pages) < 0.5, block.copy, np.arange(pages))
            order = rng.permutation(pages)
            for batch in np.split(order, range(hp.batch_size, pages, hp.batch_size)):
                features = _drop(block.features[seen[batch]], hp.dropout, rng)
                yield features, self.targets.take(block.rows[batch])


def _heads_of(net: NgramHeads, blocks: FeatureBlocks) -> NDArray[np.float32]:
    """The heads' output for pages in their own order."""
    parts = [forward(net, blocks.read(number).features)[1] for number in range(len(blocks))]
    return np.concatenate(parts)


def weigh(counts: sparse.csr_matrix, idf: NDArray[np.float32]) -> sparse.csr_matrix:
    """tf-idf, ln(1 + count) · idf, rows of unit length."""
    weighed = counts.copy()
    weighed.data = np.log1p(weighed.data) * idf[weighed.indices]
    sums = np.r_[0.0, np.cumsum(np.square(weighed.data, dtype=np.float64))]
    length = np.sqrt(np.diff(sums[weighed.indptr]))
    scale = 1 / np.maximum(length, 1e-9)
    weighed.data *= np.repeat(scale.astype(np.float32), np.diff(weighed.indptr))
    return weighed


def _drop(features: sparse.csr_matrix, share: float, rng: np.random.Generator) -> sparse.csr_matrix:
    """Dropout of single features; what is kept is scaled up."""
    kept = rng.random(features.nnz) >= share
    dropped = features.copy()
    dropped.data = np.where(kept, features.data / (1 - share), 0).astype(np.float32)
    return dropped


def forward(net: NgramHeads, features: sparse.csr_matrix) -> Heads:
    """(embedding, heads) of pages."""
    embedding = net.embed(_to_mxnet(features))
    return embedding.asnumpy(), net.heads(embedding).asnumpy()


def _to_mxnet(features: sparse.csr_matrix) -> mx.nd.sparse.CSRNDArray:
    """MXNet cannot infer the shape of a batch without any entry, so such a one gets a zero."""
    if features.nnz == 0:
        features = sparse.csr_matrix((np.zeros(1, np.float32), ([0], [0])), shape=features.shape)
    return mx.nd.sparse.csr_matrix(
        (features.data, features.indices, features.indptr), shape=features.shape
    )


def _gradient(net: NgramHeads, page: sparse.csr_matrix, label: int) -> NDArray[np.float32]:
    """Of the logit of `label` above the mean of all classes', by feature, [features]."""
    weight = net.weight.data().asnumpy()
    if net.top is None:
        logits = weight[:, :-BOUNDARY_HEADS]
        return logits[:, label] - logits.mean(axis=1)
    top = net.top.weight.data().asnumpy()[:-BOUNDARY_HEADS]
    awake = net.embed(_to_mxnet(page)).asnumpy()[0] > 0
    return weight @ ((top[label] - top.mean(axis=0)) * awake)
