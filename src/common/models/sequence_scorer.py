"""What a sequence network says of pages once it has learnt, calculated by numpy.

A call of MXNet's compiled network costs more than ten pages' calculation, and streams are short.
Where one is long and alone, MXNet's LSTM is faster, which makes no call for a page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mxnet as mx
import numpy as np
from numpy.typing import NDArray

from common.models.chain_crf import ChainScores
from common.models.lstm import lstm_of
from common.models.sequence_network import SequenceNetwork
from common.models.standardising import standardised
from common.models.stream_encoder import StreamLSTM

Floats = NDArray[np.float32]
Context = Callable[[Floats, NDArray[np.intp]], Floats]  # inputs, lengths → what is seen of others
_LONG = 200  # pages of a lone stream, from which on numpy's calls take longer than MXNet's one


@dataclass(frozen=True)
class SequenceScorer:
    """`SequenceNetwork`'s parameters, float32.

    told [context + width, classes + 1] and told_bias [classes + 1] are those of its two linear
    layers, the boundary's last.
    """

    mean: Floats
    deviation: Floats
    context: Context
    told: Floats
    told_bias: Floats
    class_weight: Floats
    boundary_weight: Floats
    change: Floats
    first_bias: Floats

    def __call__(
        self,
        features: Floats,
        class_votes: Floats,
        boundary_votes: Floats,
        lengths: NDArray[np.intp],
    ) -> ChainScores:
        """Scores of streams side by side; arguments as those of the network, as numpy arrays."""
        inputs = standardised(features, self.mean, self.deviation)
        seen = np.concatenate([self.context(inputs, lengths), inputs], axis=2)
        told = seen.reshape(-1, len(self.told)) @ self.told + self.told_bias
        told = told.reshape(*seen.shape[:2], -1)
        known = class_votes.any(axis=(0, 3))[:, :, None]
        continuation = np.tensordot(self.class_weight, class_votes, 1) + told[..., :-1] * known
        boundary = told[..., -1] + np.tensordot(self.boundary_weight, boundary_votes, 1)
        first = continuation + boundary[:, :, None] + self.first_bias
        return ChainScores(
            *(scores.astype(np.float64) for scores in (first, continuation, self.change))
        )


def scorer_of(net: SequenceNetwork) -> SequenceScorer:
    """What the network has learnt so far."""
    encoder, layers = net.encoder, (net.classes, net.boundary)
    lstm = isinstance(encoder, StreamLSTM)
    return SequenceScorer(
        mean=net.standardised.mean.data().asnumpy(),
        deviation=net.standardised.deviation.data().asnumpy(),
        context=_states_of(encoder) if lstm else _neighbours,
        told=np.concatenate([one.weight.data().asnumpy() for one in layers]).T,
        told_bias=np.concatenate([one.bias.data().asnumpy() for one in layers]),
        class_weight=net.class_weight.data().asnumpy(),
        boundary_weight=net.boundary_weight.data().asnumpy(),
        change=net.change.data().asnumpy(),
        first_bias=net.first_bias.data().asnumpy(),
    )


def _states_of(encoder: StreamLSTM) -> Context:
    by_calls = lstm_of(encoder.ahead, encoder.back)

    def states(inputs: Floats, lengths: NDArray[np.intp]) -> Floats:
        pages, streams, _ = inputs.shape
        if streams > 1 or pages < _LONG:
            return by_calls(inputs, lengths)
        return encoder(mx.nd.array(inputs), mx.nd.array(lengths)).asnumpy()

    return states


def _neighbours(inputs: Floats, lengths: NDArray[np.intp]) -> Floats:
    """`Neighbours`, by numpy."""
    padding = np.arange(len(inputs))[:, None] >= lengths
    nothing = np.zeros_like(inputs[:1])
    framed = np.concatenate([nothing, np.where(padding[:, :, None], 0, inputs), nothing])
    return np.concatenate([framed[:-2], framed[2:]], axis=2)
