"""The chain CRF's negative log-likelihood, for MXNet's autograd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mxnet as mx
import numpy as np

from common.models.chain_crf import ChainScores, marginals, padded_scores, run_messages
from common.models.segmental_crf import Floats
from common.models.segmental_paths import Truth


class ChainLikelihood(mx.autograd.Function):
    """(first, continuation) [pages, streams, classes] and change → loss of each stream, [streams].

    The gradient is exact: marginals minus what is true. Streams shorter than the padded length
    end with the last page of their truth.
    """

    def __init__(self, truths: Sequence[Truth]) -> None:
        super().__init__()
        self.lengths = [len(labels) for labels, _ in truths]
        labels, starts = (np.concatenate(each) for each in zip(*truths, strict=True))
        stream = np.repeat(np.arange(len(truths)), self.lengths)
        page = np.concatenate([np.arange(length) for length in self.lengths])
        own = np.stack([page, stream, labels])
        later = np.flatnonzero(starts & (page > 0))
        # Where in the scores the truth is; `changes` are of (stream, class, class of the next).
        self.firsts, self.continuations = tuple(own[:, starts]), tuple(own[:, ~starts])
        self.changes = stream[later], labels[later - 1], labels[later]

    def forward(self, first: Any, continuation: Any, change: Any) -> mx.nd.NDArray:
        given = (each.asnumpy().astype(np.float64) for each in (first, continuation, change))
        scores = padded_scores(ChainScores(*given), self.lengths)
        messages = run_messages(scores)
        losses = messages.log_partition - self._true(scores)
        self.excess = excess = marginals(scores, messages)
        padding = np.arange(len(excess.first))[:, None] >= np.array(self.lengths)
        excess.continuation[padding] = 0
        excess.first[self.firsts] -= 1
        excess.continuation[self.continuations] -= 1
        np.subtract.at(excess.change, self.changes, 1)
        return mx.nd.array(losses, dtype=np.float32)

    def _true(self, scores: ChainScores) -> Floats:
        """Scores of the true segmentations, [streams]."""
        total = np.zeros(len(self.lengths))
        for stream, parts in (
            (self.firsts[1], scores.first[self.firsts]),
            (self.continuations[1], scores.continuation[self.continuations]),
            (self.changes[0], scores.change[self.changes[1:]]),
        ):
            total += np.bincount(stream, parts, len(total))
        return total

    def backward(self, outer: Any) -> tuple[mx.nd.NDArray, ...]:
        weight = outer.asnumpy()
        return (
            mx.nd.array(self.excess.first * weight[:, None]),
            mx.nd.array(self.excess.continuation * weight[:, None]),
            mx.nd.array(np.tensordot(weight, self.excess.change, axes=1)),
        )
