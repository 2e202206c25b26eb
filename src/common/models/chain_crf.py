"""A linear-chain CRF over class × {first page, continuation}, exact, in float64 log-space.

A page either continues the document of the page before, whose class it shares, or starts a
document of any class. With scores first [pages, classes], continuation [pages, classes] and
change [classes, classes], a labelled segmentation scores

    Σ first[t, c_t] over first pages + Σ continuation[t, c_t] over the others
    + Σ change[c of one document, c of the next]

and its probability is exp(score − log Z) (Lafferty et al. 2001). The first page of a stream always
starts a document. Forward and backward run over classes alone: once page t is placed, whether
it was a first page no longer matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.models.segmental_crf import Floats, log_sum

_NEVER = -1e30  # a score; finite, so that differences of it are
_WIDEST = 300.0  # exponentials of differences up to this, and products of two, are normal numbers


@dataclass(frozen=True)
class ChainScores:
    """first and continuation [pages, classes], change [classes, classes]; all float64.

    For messages, marginals and the best path there may be several streams, [pages, streams,
    classes], padded at their end by `padded_scores`.
    """

    first: Floats
    continuation: Floats
    change: Floats

    def scaled(self, factor: float) -> ChainScores:
        return ChainScores(self.first * factor, self.continuation * factor, self.change * factor)

    def one(self, stream: int, pages: int) -> ChainScores:
        """Of several streams the scores of one, without padding."""
        here = np.s_[:pages, stream]
        return ChainScores(self.first[here], self.continuation[here], self.change)


@dataclass(frozen=True)
class ChainMessages:
    """What forward and backward passes leave; log-space, [pages, …, classes] each.

    enter[t, c]: everything before page t, if t is the first page of a document of class c;
    forward[t, c]: everything up to t, if its class is c; leave[t, c]: everything after t, if a
    document of class c ends with it; backward[t, c]: everything after t, if its class is c;
    log_partition [], or [streams].
    """

    enter: Floats
    forward: Floats
    leave: Floats
    backward: Floats
    log_partition: Floats

    def one(self, stream: int, pages: int) -> ChainMessages:
        """Of several streams the messages of one, without padding."""
        enter, forward, leave, backward = (
            each[:pages, stream] for each in (self.enter, self.forward, self.leave, self.backward)
        )
        ended = np.vstack([leave[:-1], np.zeros_like(leave[:1])])  # nothing follows its last page
        return ChainMessages(enter, forward, ended, backward, self.log_partition[stream])


@dataclass(frozen=True)
class ChainMarginals:
    """Probabilities: first and continuation [pages, …, classes]; expected counts of change."""

    first: Floats
    continuation: Floats
    change: Floats


def padded_scores(scores: ChainScores, lengths: Sequence[int]) -> ChainScores:
    """Scores of streams of so many pages each, of which none starts a document after its end.

    To go on there scores nothing, so that padding changes no message before it.

    Args:
        scores: [pages, streams, classes].
    """
    beyond = (np.arange(len(scores.first))[:, None] >= np.asarray(lengths))[:, :, None]
    first = np.where(beyond, _NEVER, scores.first)
    return ChainScores(first, np.where(beyond, 0.0, scores.continuation), scores.change)


def run_messages(scores: ChainScores) -> ChainMessages:
    """Forward and backward passes, O(pages · classes²)."""
    first, continuation = scores.first, scores.continuation
    enter, forward, leave, backward = np.zeros((4, *first.shape))
    after, before = _Product(scores.change), _Product(scores.change.T)
    forward[0] = first[0]
    with np.errstate(divide="ignore"):
        for t in range(1, len(first)):
            enter[t] = after(forward[t - 1])
            forward[t] = np.logaddexp(enter[t] + first[t], forward[t - 1] + continuation[t])
        for t in range(len(first) - 2, -1, -1):
            leave[t] = before(first[t + 1] + backward[t + 1])
            backward[t] = np.logaddexp(leave[t], continuation[t + 1] + backward[t + 1])
    return ChainMessages(enter, forward, leave, backward, log_sum(forward[-1], -1))


class _Product:
    """log Σ_i exp(values[…, i] + change[i, j]), as a product of matrices where that loses nothing.

    It takes one exponential a value in place of one for each pair of classes.
    """

    def __init__(self, change: Floats) -> None:
        self.change, self.far_apart = change, _far_apart(change)
        self.top = change.max(axis=0)
        self.matrix = np.exp(change - self.top)

    def __call__(self, values: Floats) -> Floats:
        if self.far_apart:
            return log_sum(values[..., :, None] + self.change, -2)
        top = values.max(axis=-1, keepdims=True)
        product: Floats = np.log(np.exp(values - top) @ self.matrix)
        return product + top + self.top


def _far_apart(change: Floats) -> bool:
    """Do the scores differ by more than an exponential can hold?"""
    return bool(np.ptp(change) > _WIDEST)


def page_marginals(scores: ChainScores, messages: ChainMessages) -> tuple[Floats, Floats]:
    """Probability of each page to be the first, or a later one, of a document of each class.

    Returns:
        first and continuation, [pages, …, classes] each.
    """
    rest = messages.backward - messages.log_partition[..., None]
    first = np.exp(messages.enter + scores.first + rest)
    continuation = np.zeros_like(first)
    continuation[1:] = np.exp(messages.forward[:-1] + scores.continuation[1:] + rest[1:])
    return first, continuation


def marginals(scores: ChainScores, messages: ChainMessages) -> ChainMarginals:
    """Exact marginals; they are also the gradient of log Z with respect to the scores.

    Of several streams, `change` is [streams, classes, classes].
    """
    ended = messages.forward[:-1]
    begun = (scores.first + messages.backward - messages.log_partition[..., None])[1:]
    return ChainMarginals(*page_marginals(scores, messages), _changes(scores.change, ended, begun))


def _changes(change: Floats, ended: Floats, begun: Floats) -> Floats:
    """Σ exp(ended[…, i] + change[i, j] + begun[…, j]) over pages, [pages, …, classes] each."""
    if _far_apart(change):  # page by page: all at once takes [pages, classes²]
        found = np.zeros((*ended.shape[1:], ended.shape[-1]))
        for one, next_one in zip(ended, begun, strict=True):
            found += np.exp(one[..., :, None] + change + next_one[..., None, :])
        return found
    tops = [side.max(axis=-1, keepdims=True) for side in (ended, begun)]
    ways = np.exp(ended - tops[0]) * np.exp(tops[0] + tops[1] + change.max())
    pairs = np.einsum("t...k,t...l->...kl", ways, np.exp(begun - tops[1]), optimize=True)
    return pairs * np.exp(change - change.max())


def segment_posterior(
    scores: ChainScores, messages: ChainMessages, start: int, stop: int
) -> Floats:
    """Probability of each class, [classes], that pages start … stop − 1 are one document of it."""
    inside = scores.first[start] + scores.continuation[start + 1 : stop].sum(axis=0)
    return np.exp(
        messages.enter[start] + inside + messages.leave[stop - 1] - messages.log_partition
    )


def path_score(scores: ChainScores, labels: NDArray[np.intp], starts: NDArray[np.bool_]) -> float:
    """Score of one labelled segmentation; `starts[0]` is true."""
    page = np.arange(len(labels))
    emitted = np.where(starts, scores.first[page, labels], scores.continuation[page, labels])
    begins = np.flatnonzero(starts)[1:]
    return float(emitted.sum() + scores.change[labels[begins - 1], labels[begins]].sum())
