"""From a stream's features to the chain CRF's scores: what pages and context tell, beside votes."""

from __future__ import annotations

from typing import Any

import mxnet as mx
from mxnet import gluon

from common.models.stream_encoder import Standardised, stream_encoder


class SequenceNetwork(gluon.HybridBlock):
    """Features [pages, streams, width], padded, to scores [pages, streams, classes].

    The base models vote directly for class and boundary, each with one learnt weight, at first
    their mean; a linear layer adds what pairs of pages and their context tell. A page of which
    nothing is known has no say in its class. `change` [classes, classes] scores which class follows
    which.

    Args:
        encoder, hidden: of the context, see `stream_encoder`.
    """

    def __init__(
        self,
        width: int,
        classes: int,
        modalities: int,
        *,
        encoder: str,
        hidden: int,
        dropout: float,
    ) -> None:
        super().__init__(prefix="sequence_")
        with self.name_scope():
            mean = mx.init.Constant(1 / modalities)
            self.class_weight = self.params.get("class_weight", shape=(modalities,), init=mean)
            self.boundary_weight = self.params.get(
                "boundary_weight", shape=(modalities,), init=mean
            )
            self.change = self.params.get("change", shape=(classes, classes), init="zeros")
            self.first_bias = self.params.get("first_bias", shape=(classes,), init="zeros")
            self.standardised = Standardised(width)
            self.dropout = gluon.nn.Dropout(dropout)
            self.encoder = stream_encoder(encoder, width, hidden, dropout)
            told = self.encoder.width + width
            self.classes = gluon.nn.Dense(classes, flatten=False, in_units=told)
            self.boundary = gluon.nn.Dense(1, flatten=False, in_units=told)

    def hybrid_forward(
        self,
        F: Any,
        features: Any,
        class_votes: Any,
        boundary_votes: Any,
        lengths: Any,
        *,
        class_weight: Any,
        boundary_weight: Any,
        change: Any,
        first_bias: Any,
    ) -> tuple[Any, Any, Any]:
        """Scores (first, continuation, change).

        Args:
            features: [pages, streams, width].
            class_votes: [modalities, pages, streams, classes].
            boundary_votes: [modalities, pages, streams].
            lengths: [streams]; what follows in the padding changes nothing before it.
        """
        inputs = self.dropout(self.standardised(features))
        told = F.concat(self.encoder(inputs, lengths), inputs, dim=2)
        class_vote = F.broadcast_mul(class_votes, class_weight.reshape((-1, 1, 1, 1))).sum(axis=0)
        vote = F.broadcast_mul(boundary_votes, boundary_weight.reshape((-1, 1, 1))).sum(axis=0)
        known = F.sign(F.abs(class_votes).sum(axis=(0, 3))).expand_dims(axis=2)
        continuation = class_vote + F.broadcast_mul(self.classes(told), known)
        boundary = self.boundary(told) + vote.expand_dims(axis=2)
        first = F.broadcast_add(F.broadcast_add(continuation, boundary), first_bias)
        return first, continuation, F.identity(change)
