"""A semi-Markov CRF over whole documents, exact, in float64 log-space.

A stream is cut into segments, and each gets a class. A segment of class k that holds the ℓ pages
from i on scores

    first[i, k] + Σ continuation[t, k] over its other pages + change[class before, k]
    + length[ℓ, k] + document[i, ℓ, k]            where ℓ ≤ limit
    + length[limit, k] + document[i, limit, k] + (ℓ − limit) · tail[k]   beyond

and a labelled segmentation has the probability exp(sum of its segments − log Z) (Sarawagi and
Cohen, "Semi-Markov Conditional Random Fields", NIPS 2004). What adds up over pages comes from
prefix sums, and what lies beyond `limit` from one state more, so a stream costs
pages · limit · classes, however long its documents are. With all lengths scored alike this is the
linear chain of `chain_crf`.

Several streams run side by side, padded at their end: all arrays have `streams` as first axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SegmentalScores:
    """Scores of streams that are padded to the same length; all float64.

    Shapes: first and continuation [streams, pages, classes]; lengths int [streams], the pages
    that each stream really has; length [limit, classes], that of one page first; tail [classes];
    document [streams, pages, limit, classes], by first page and length, or None; change
    [classes, classes], or None.
    """

    first: Floats
    continuation: Floats
    lengths: NDArray[np.intp]
    length: Floats
    tail: Floats
    document: Floats | None = None
    change: Floats | None = None

    @property
    def limit(self) -> int:
        return len(self.length)

    def one(self, stream: int) -> SegmentalScores:
        """The scores of one stream, without padding."""
        here = np.s_[stream : stream + 1, : self.lengths[stream]]
        return replace(
            self,
            first=self.first[here],
            continuation=self.continuation[here],
            lengths=self.lengths[stream : stream + 1],
            document=None if self.document is None else self.document[here],
        )

    def scaled(self, factor: float) -> SegmentalScores:
        return SegmentalScores(
            self.first * factor,
            self.continuation * factor,
            self.lengths,
            self.length * factor,
            self.tail * factor,
            None if self.document is None else self.document * factor,
            None if self.change is None else self.change * factor,
        )


class Semiring(NamedTuple):
    """How alternatives are put together: along an axis, and two of them."""

    total: Callable[[Floats, int], Floats]
    either: Callable[[Floats, Floats], Floats]


def log_sum(values: Floats, axis: int) -> Floats:
    """Logarithm of the summed exponentials, −inf where all are −inf."""
    top = values.max(axis=axis, keepdims=True)
    top[np.isneginf(top)] = 0
    with np.errstate(divide="ignore"):
        return np.log(np.exp(values - top).sum(axis=axis)) + top.squeeze(axis)


SUM = Semiring(log_sum, np.logaddexp)
MAX = Semiring(lambda values, axis: values.max(axis=axis), np.maximum)


@dataclass(frozen=True)
class Ahead:
    """What the backward pass leaves, log-space; position p lies before page p.

    Shapes: through [streams, pages + 1, classes], sums of `continuation` up to a position; entered
    [streams, pages + 1, classes], everything from a position on if a document of that class starts
    there; rest […], everything from a position on if one of that class has ended there; closing
    and onward [streams, pages + 1 + limit, classes], the same with `through`, where a document
    ends here, or, already `limit` long, here or further on.
    """

    through: Floats
    entered: Floats
    rest: Floats
    closing: Floats
    onward: Floats


@dataclass(frozen=True)
class Messages:
    """Both passes, log-space.

    Shapes: reach [streams, pages + 1, classes], everything before a position, if a document of
    that class starts there; ended [streams, pages + 1, classes], everything up to a position, if
    one of that class ends there; long [streams, pages + 1, classes], the same for those of `limit`
    pages and more, without `through`; log_partition [streams].
    """

    ahead: Ahead
    reach: Floats
    ended: Floats
    long: Floats
    log_partition: Floats


@dataclass(frozen=True)
class Counts:
    """Expected, or true, counts of everything that is scored: the gradient of log Z.

    Shapes as in SegmentalScores.
    """

    first: Floats
    continuation: Floats
    length: Floats
    tail: Floats
    document: Floats | None
    change: Floats | None


def look_ahead(scores: SegmentalScores, ring: Semiring = SUM) -> Ahead:
    """The backward pass."""
    streams, pages, classes = scores.first.shape
    limit = scores.limit
    through = np.zeros((streams, pages + 1, classes))
    np.cumsum(scores.continuation, axis=1, out=through[:, 1:])
    entered, rest = np.full((2, streams, pages + 1, classes), -np.inf)
    closing, onward = np.full((2, streams, pages + 1 + limit, classes), -np.inf)
    begin = scores.first - through[:, 1:]
    for position in range(pages, 0, -1):
        rest[:, position] = _after(scores, entered[:, position], ring)
        rest[scores.lengths == position, position] = 0
        closing[:, position] = rest[:, position] + through[:, position]
        onward[:, position] = ring.either(
            closing[:, position], onward[:, position + 1] + scores.tail
        )
        start = position - 1
        ways = closing[:, position : position + limit] + scores.length
        ways[:, -1] = onward[:, start + limit] + scores.length[-1]
        if scores.document is not None:
            ways += scores.document[:, start]
        entered[:, start] = begin[:, start] + ring.total(ways, 1)
    return Ahead(through, entered, rest, closing, onward)


def run_messages(scores: SegmentalScores) -> Messages:
    """Backward and forward passes, O(pages · limit · classes) for each stream."""
    ahead = look_ahead(scores)
    streams, pages, classes = scores.first.shape
    limit = scores.limit
    begin = scores.first - ahead.through[:, 1:]
    by_end = None if scores.document is None else _by_end(scores.document)
    lengths = scores.length[::-1]
    opened = np.full((streams, limit + pages, classes), -np.inf)  # a document starts, by position
    reach, ended, long = np.full((3, streams, pages + 1, classes), -np.inf)
    reach[:, 0] = 0
    for position in range(1, pages + 1):
        start = position - 1
        if start:
            reach[:, start] = _before(scores, ended[:, start])
        opened[:, limit + start] = reach[:, start] + begin[:, start]
        ways = opened[:, position : position + limit] + lengths  # the longest first
        if by_end is not None:
            ways += by_end[:, position]
        long[:, position] = np.logaddexp(ways[:, 0], long[:, start] + scores.tail)
        ways[:, 0] = long[:, position]
        ended[:, position] = ahead.through[:, position] + log_sum(ways, 1)
    log_partition = log_sum(ended[np.arange(streams), scores.lengths], 1)
    return Messages(ahead, reach, ended, long, log_partition)


def expected_counts(scores: SegmentalScores, messages: Messages) -> Counts:
    """Exact marginals; they are also the gradient of log Z with respect to the scores."""
    ahead, limit = messages.ahead, scores.limit
    streams, pages, classes = scores.first.shape
    rest = messages.log_partition[:, None, None]
    begin = messages.reach[:, :-1] + scores.first - ahead.through[:, 1:] - rest
    starts = np.zeros((streams, pages, classes))
    ends = np.exp(messages.long + ahead.closing[:, : pages + 1] - rest)
    length = np.zeros((limit, classes))
    document = None if scores.document is None else np.zeros_like(scores.document)
    for index in range(limit):
        further = ahead.onward if index == limit - 1 else ahead.closing
        score = begin + scores.length[index] + further[:, index + 1 : index + 1 + pages]
        if scores.document is not None:
            score += scores.document[:, :, index]
        probability = np.exp(score)
        starts += probability
        length[index] = probability.sum(axis=(0, 1))
        if document is not None:
            document[:, :, index] = probability
        if index < min(limit - 1, pages):
            ends[:, index + 1 :] += probability[:, : pages - index]
    covered = np.cumsum(starts - ends[:, :-1], axis=1)
    lengthened = messages.long[:, :-1] + scores.tail + ahead.onward[:, 1 : pages + 1] - rest
    return Counts(
        first=starts,
        continuation=np.maximum(covered - starts, 0),
        length=length,
        tail=np.exp(lengthened).sum(axis=(0, 1)),
        document=document,
        change=None if scores.change is None else _expected_changes(scores.change, messages),
    )


def segment_posterior(
    scores: SegmentalScores, messages: Messages, stream: int, start: int, stop: int
) -> Floats:
    """Probability of each class, [classes], that pages start … stop − 1 are one document of it."""
    beyond = max(0, stop - start - scores.limit)
    index = stop - start - 1 - beyond
    score = messages.reach[stream, start] + scores.first[stream, start]
    score = score - messages.ahead.through[stream, start + 1] + messages.ahead.closing[stream, stop]
    score = score + scores.length[index] + beyond * scores.tail - messages.log_partition[stream]
    if scores.document is not None:
        score = score + scores.document[stream, start, index]
    return np.exp(score)


def _after(scores: SegmentalScores, entered: Floats, ring: Semiring) -> Floats:
    """Everything after a document of each class, from what may start there."""
    if scores.change is None:
        return ring.total(entered, 1)[:, None]
    return ring.total(entered[:, None, :] + scores.change, 2)


def _before(scores: SegmentalScores, ended: Floats) -> Floats:
    """Everything before a document of each class, from what may have ended there."""
    if scores.change is None:
        return log_sum(ended, 1)[:, None]
    return log_sum(ended[:, :, None] + scores.change, 1)


def _by_end(document: Floats) -> Floats:
    """Document scores by the position where they end, the longest first."""
    streams, pages, limit, classes = document.shape
    turned = np.zeros((streams, pages + 1, limit, classes))
    for length in range(1, min(limit, pages) + 1):
        turned[:, length:, limit - length] = document[:, : pages - length + 1, length - 1]
    return turned


def _expected_changes(change: Floats, messages: Messages) -> Floats:
    """Expected number of documents of one class that follow one of another, [classes, classes]."""
    before, after = messages.ended[:, 1:-1], messages.ahead.entered[:, 1:-1]
    tops = [np.maximum(side.max(axis=2, keepdims=True), -1e300) for side in (before, after)]
    weight = np.exp(tops[0] + tops[1] - messages.log_partition[:, None, None])
    pairs = np.einsum("stk,stl->kl", np.exp(before - tops[0]) * weight, np.exp(after - tops[1]))
    return pairs * np.exp(change)
