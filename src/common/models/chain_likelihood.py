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
    padded_scores,
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

    def forward(self, first: Any, continuation: Any, change: Any) -> mx.nd.NDArray:
        scores = [array.asnumpy().astype(np.float64) for array in (first, continuation, change)]
        lengths = [len(labels) for labels, _ in self.truths]
        turned = ChainScores(scores[0].swapaxes(0, 1), scores[1].swapaxes(0, 1), scores[2])
        by_page = padded_scores(turned, lengths)
        messages = run_messages(by_page)
        expected = marginals(by_page, messages)
        self.first, self.continuation = (
            each.swapaxes(0, 1) for each in (expected.first, expected.continuation)
        )
        self.change, losses = expected.change, messages.log_partition.copy()
        for stream, (labels, starts) in enumerate(self.truths):
            here = np.s_[stream, : lengths[stream]]
            own = ChainScores(scores[0][here], scores[1][here], scores[2])
            true = path_counts(own, labels, starts)
            self.first[here] -= true.first
            self.continuation[here] -= true.continuation
            self.continuation[stream, lengths[stream] :] = 0  # of the padding
            self.change[stream] -= true.change
            losses[stream] -= path_score(own, labels, starts)
        return mx.nd.array(losses, dtype=np.float32)

    def backward(self, outer: Any) -> tuple[mx.nd.NDArray, ...]:
        weight = outer.asnumpy()
        return (
            mx.nd.array(self.first * weight[:, None, None]),
            mx.nd.array(self.continuation * weight[:, None, None]),
            mx.nd.array(np.tensordot(weight, self.change, axes=1)),
        )
