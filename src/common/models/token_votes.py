"""Which words of a page spoke for a class: gradient × input (Shrikumar et al. 2016)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import mxnet as mx
import numpy as np
from numpy.typing import NDArray

from common.models.heads import BOUNDARY_HEADS

Votes = list[tuple[str, float]]
"""Words with what each added to the class's logit, to first order; the strongest first."""


class TokenNetwork(Protocol):
    """A network in two steps, between which stand the vectors of its tokens."""

    def read(self, batch: Any) -> mx.nd.NDArray: ...

    def judge(self, tokens: mx.nd.NDArray, batch: Any) -> tuple[mx.nd.NDArray, mx.nd.NDArray]: ...


def gradient_times_input(net: TokenNetwork, batch: Any, label: int) -> NDArray[np.float32]:
    """For each token that `read` gives a vector: d score / d vector · vector.

    The score is the logit of class `label` above the mean of all classes', summed over the pages,
    which do not see each other. Shape: that of `read` without its last axis.

    Where places with the same words share a maximum, gluonnlp's max-pooling credits each in full.
    """
    tokens = net.read(batch)
    tokens.attach_grad()
    with mx.autograd.record(train_mode=False):
        logits = net.judge(tokens, batch)[1][:, :-BOUNDARY_HEADS]
        score = logits[:, label] - logits.mean(axis=1)
    score.backward()
    return (tokens.grad * tokens).sum(axis=2).asnumpy()


def strongest(votes: Iterable[tuple[str, float]], k: int) -> Votes:
    """The `k` words with the largest positive sum, each word once."""
    sums: dict[str, float] = {}
    for word, vote in votes:
        sums[word] = sums.get(word, 0.0) + float(vote)
    ranked = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    return [(word, vote) for word, vote in ranked[:k] if vote > 0]
