"""Where documents start, as a bidirectional LSTM over the stream says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mxnet as mx
import numpy as np
from mxnet import gluon
from numpy.typing import NDArray

from common.job.tables import SequenceHyperparameters
from common.models.arrays import Arrays
from common.models.stream_batches import lengths_of, padded_features
from common.models.stream_encoder import Standardised, StreamLSTM
from common.pages.evidence import StreamFeatures
from common.training.loop import train_epochs
from common.training.rates import warm_then_decay
from common.training.standing import set_parameters

Batch = list[int]  # places of streams


class LogitNetwork(gluon.HybridBlock):
    """Features [pages, streams, width], padded, to the logit of a start, [pages, streams]."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__(prefix="boundary_")
        with self.name_scope():
            self.standardised = Standardised(width)
            self.dropout = gluon.nn.Dropout(dropout)
            self.encoder = StreamLSTM(width, hidden, dropout)
            self.logit = gluon.nn.Dense(1, flatten=False, in_units=self.encoder.width + width)

    def hybrid_forward(self, F: Any, features: Any, lengths: Any) -> Any:
        inputs = self.dropout(self.standardised(features))
        told = F.concat(self.encoder(inputs, lengths), inputs, dim=2)
        return self.logit(told).reshape((0, -1))


@dataclass(frozen=True)
class BoundaryNetwork:
    """A trained network."""

    net: LogitNetwork

    def logits(self, stream: StreamFeatures) -> NDArray[np.float64]:
        """Logit that a document starts with each page, [pages]."""
        found = _logits(self.net, [stream])
        return found.asnumpy()[:, 0].astype(np.float64)

    def arrays(self) -> Arrays:
        return {name: p.data().asnumpy() for name, p in self.net.collect_params().items()}


def load_boundary_network(arrays: Arrays) -> BoundaryNetwork:
    """The network that `BoundaryNetwork.arrays` gave."""
    four_times_hidden, width = next(
        array.shape for name, array in arrays.items() if name.endswith("i2h_weight")
    )
    net = LogitNetwork(width, four_times_hidden // 4, 0.0)
    net.initialize()
    set_parameters(net, {name: mx.nd.array(array) for name, array in arrays.items()})
    net.hybridize()
    return BoundaryNetwork(net)


def fit_boundary_network(
    streams: Sequence[StreamFeatures],
    starts: Sequence[NDArray[np.bool_]],
    *,
    copies: int,
    hyperparameters: SequenceHyperparameters,
) -> BoundaryNetwork:
    """Fit by cross-entropy; starts bool [pages] of each stream, whose first page says nothing.

    Args:
        copies: how often each document comes; an epoch sees each once.
    """
    hp = hyperparameters
    mx.random.seed(hp.seed)
    features = np.concatenate([stream.features for stream in streams])
    net = LogitNetwork(features.shape[1], hp.hidden, hp.dropout)
    net.initialize(mx.init.Xavier())
    net.standardised.know(features)
    net.hybridize()
    passes = -(-hp.epochs // copies)

    def batches(number: int) -> list[Batch]:
        order = np.random.default_rng((hp.seed, number)).permutation(len(streams)).tolist()
        return [order[at : at + hp.batch_size] for at in range(0, len(order), hp.batch_size)]

    def loss(batch: Batch) -> mx.nd.NDArray:
        return losses(net, [streams[i] for i in batch], [starts[i] for i in batch])

    trainer = gluon.Trainer(net.collect_params(), "adam", {"wd": hp.weight_decay}, kvstore=None)
    schedule = warm_then_decay(hp.learning_rate, passes)
    for _ in train_epochs(trainer, batches, loss, schedule, epochs=passes, seed=hp.seed):
        pass
    return BoundaryNetwork(net)


def losses(
    net: LogitNetwork, streams: Sequence[StreamFeatures], starts: Sequence[NDArray[np.bool_]]
) -> mx.nd.NDArray:
    """Cross-entropy of each stream, summed over its pages but the first, [streams]."""
    pages = max(map(len, starts))
    truth, asked = np.zeros((2, pages, len(starts)), np.float32)
    for place, start in enumerate(starts):
        truth[: len(start), place] = start
        asked[1 : len(start), place] = 1
    logits = _logits(net, streams)
    # log(1 + exp(x)) − x · truth
    each = mx.nd.Activation(logits, act_type="softrelu") - logits * mx.nd.array(truth)
    return (each * mx.nd.array(asked)).sum(axis=0)


def _logits(net: LogitNetwork, streams: Sequence[StreamFeatures]) -> mx.nd.NDArray:
    """[pages, streams], padded."""
    return net(mx.nd.array(padded_features(streams)), mx.nd.array(lengths_of(streams)))
