"""From a stream's features to the chain CRF's scores: a bidirectional LSTM beside direct votes."""

from __future__ import annotations

import mxnet as mx
from mxnet import gluon
from mxnet.ndarray import NDArray

_CLIP = 3.0  # standard deviations; far-out inputs must not buy certainty


class SequenceNetwork(gluon.Block):
    """Features [pages, streams, width], padded, to scores [pages, streams, classes].

    The base models vote directly for class and boundary, each with one learnt weight, at first
    their mean; the LSTM adds what pairs of pages and context tell. `change` [classes, classes]
    scores which class follows which.
    """

    def __init__(self, width: int, classes: int, modalities: int, hidden: int, dropout: float):
        super().__init__(prefix="sequence_")
        with self.name_scope():
            constant = {"grad_req": "null"}
            self.mean = self.params.get("mean", shape=(width,), init="zeros", **constant)
            self.deviation = self.params.get("deviation", shape=(width,), init="ones", **constant)
            mean = mx.init.Constant(1 / modalities)
            self.class_weight = self.params.get("class_weight", shape=(modalities,), init=mean)
            self.boundary_weight = self.params.get(
                "boundary_weight", shape=(modalities,), init=mean
            )
            self.change = self.params.get("change", shape=(classes, classes), init="zeros")
            self.dropout = gluon.nn.Dropout(dropout)
            self.ahead = gluon.rnn.LSTM(hidden, input_size=width)
            self.back = gluon.rnn.LSTM(hidden, input_size=width)
            self.classes = gluon.nn.Dense(classes, flatten=False, in_units=2 * hidden)
            self.boundary = gluon.nn.Dense(1, flatten=False, in_units=2 * hidden + width)
            self.first_bias = self.params.get("first_bias", shape=(classes,), init="zeros")

    def forward(
        self, features: NDArray, class_votes: NDArray, boundary_votes: NDArray, lengths: NDArray
    ) -> tuple[NDArray, NDArray]:
        """Scores (first, continuation).

        Args:
            features: [pages, streams, width].
            class_votes: [modalities, pages, streams, classes].
            boundary_votes: [modalities, pages, streams].
            lengths: [streams]; what follows in the padding changes nothing before it.
        """
        scaled = (features - self.mean.data()) / self.deviation.data()
        inputs = self.dropout(scaled.clip(-_CLIP, _CLIP))
        context = self.dropout(mx.nd.concat(self.ahead(inputs), self._back(inputs, lengths), dim=2))
        class_vote = _weighted_sum(class_votes, self.class_weight.data())
        boundary_vote = _weighted_sum(boundary_votes, self.boundary_weight.data())
        continuation = class_vote + self.classes(context)
        boundary = self.boundary(mx.nd.concat(context, inputs, dim=2))
        boundary = boundary + boundary_vote.expand_dims(axis=2)
        return continuation + boundary + self.first_bias.data(), continuation

    def _back(self, inputs: NDArray, lengths: NDArray) -> NDArray:
        """The LSTM from each stream's last page to its first."""
        turned = mx.nd.SequenceReverse(inputs, lengths, use_sequence_length=True)
        return mx.nd.SequenceReverse(self.back(turned), lengths, use_sequence_length=True)


def _weighted_sum(votes: NDArray, weight: NDArray) -> NDArray:
    """Sum over the first axis, each member times its weight."""
    return (votes * weight.reshape((-1,) + (1,) * (votes.ndim - 1))).sum(axis=0)
