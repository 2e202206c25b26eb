"""The chain CRF's negative log-likelihood, for MXNet's autograd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mxnet as mx
import numpy as np
from numpy.typing import NDArray

from common.models.chain_crf import (
    ChainScores,
    marginals,
    path_counts,
    path_score,
    run_messages,
)

Truth = tuple[NDArray[np.intp], NDArray[np.bool_]]  # (labels, starts) of one stream


class ChainLikelihood(mx.autograd.Function):
    """(first, continuation) [streams, pages, classes] and change → loss of each stream, [streams].

    The gradient is exact: marginals minus what is true. Streams shorter than the padded length
    end with the last page of their truth.
    """

    def __init__(self, truths: Sequence[Truth]) -> None:
        super().__init__()
        self.truths = truths
        self.change: list[NDArray[np.float64]] = []

    def forward(self, first: Any, continuation: Any, change: Any) -> mx.nd.NDArray:
        scores = [array.asnumpy().astype(np.float64) for array in (first, continuation, change)]
        self.first, self.continuation = np.zeros_like(scores[0]), np.zeros_like(scores[1])
        self.change, losses = [], []
        for stream, (labels, starts) in enumerate(self.truths):
            pages = len(labels)
            own = ChainScores(scores[0][stream, :pages], scores[1][stream, :pages], scores[2])
            messages = run_messages(own)
            expected, true = marginals(own, messages), path_counts(own, labels, starts)
            self.first[stream, :pages] = expected.first - true.first
            self.continuation[stream, :pages] = expected.continuation - true.continuation
            self.change.append(expected.change - true.change)
            losses.append(messages.log_partition - path_score(own, labels, starts))
        return mx.nd.array(losses, dtype=np.float32)

    def backward(self, outer: Any) -> tuple[mx.nd.NDArray, ...]:
        weight = outer.asnumpy()
        return (
            mx.nd.array(self.first * weight[:, None, None]),
            mx.nd.array(self.continuation * weight[:, None, None]),
            mx.nd.array(np.tensordot(weight, np.stack(self.change), axes=1)),
        )
