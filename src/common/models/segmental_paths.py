"""Labelled segmentations: their score, their counts, and the best of them.

The n best come from an A* search whose estimate of what is still to come is exact (the backward
pass with max in place of sum), so that it expands nothing that is not on one of the n best paths
(Soong and Huang, "A tree-trellis based fast search for finding the N-best sentence hypotheses",
ICASSP 1991). The best alone is found faster, see `segmental_best`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from common.models.segmental_best import Segmentation, best_segmentation
from common.models.segmental_crf import MAX, Ahead, Counts, Floats, SegmentalScores, look_ahead

Truth = tuple[NDArray[np.intp], NDArray[np.bool_]]  # (labels, starts) of one stream, [pages] each


class Segments(NamedTuple):
    """Segments of several streams, int [segments] each."""

    stream: NDArray[np.intp]
    start: NDArray[np.intp]
    pages: NDArray[np.intp]
    label: NDArray[np.intp]


def segments_of(truths: Sequence[Truth]) -> Segments:
    """The segments of streams in order; `starts[0]` of each is true."""
    parts = []
    for stream, (labels, starts) in enumerate(truths):
        begins = np.flatnonzero(starts)
        pages = np.diff(np.append(begins, len(starts)))
        parts.append((np.full(len(begins), stream), begins, pages, labels[begins]))
    return Segments(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def path_counts(scores: SegmentalScores, truths: Sequence[Truth]) -> Counts:
    """Counts of labelled segmentations that are certain."""
    found = segments_of(truths)
    first, covered = np.zeros_like(scores.first), np.zeros_like(scores.first)
    first[found.stream, found.start, found.label] = 1
    for stream, (labels, _) in enumerate(truths):
        covered[stream, np.arange(len(labels)), labels] = 1
    index = np.minimum(found.pages, scores.limit) - 1
    length, tail = np.zeros_like(scores.length), np.zeros_like(scores.tail)
    np.add.at(length, (index, found.label), 1)
    np.add.at(tail, found.label, np.maximum(found.pages - scores.limit, 0))
    document = change = None
    if scores.document is not None:
        document = np.zeros_like(scores.document)
        document[found.stream, found.start, index, found.label] = 1
    if scores.change is not None:
        change = np.zeros_like(scores.change)
        follows = found.stream[1:] == found.stream[:-1]
        np.add.at(change, (found.label[:-1][follows], found.label[1:][follows]), 1)
    return Counts(first, covered - first, length, tail, document, change)


def path_scores(scores: SegmentalScores, truths: Sequence[Truth]) -> Floats:
    """Score of each stream's labelled segmentation, [streams]."""
    found = segments_of(truths)
    index = np.minimum(found.pages, scores.limit) - 1
    beyond = np.maximum(found.pages - scores.limit, 0)
    of_segment = scores.first[found.stream, found.start, found.label]
    of_segment = of_segment - scores.continuation[found.stream, found.start, found.label]
    of_segment = of_segment + scores.length[index, found.label] + beyond * scores.tail[found.label]
    if scores.document is not None:
        of_segment = of_segment + scores.document[found.stream, found.start, index, found.label]
    if scores.change is not None:
        follows = np.flatnonzero(found.stream[1:] == found.stream[:-1]) + 1
        of_segment[follows] += scores.change[found.label[follows - 1], found.label[follows]]
    totals: Floats = np.bincount(found.stream, of_segment, minlength=len(truths)).astype(np.float64)
    for stream, (labels, _) in enumerate(truths):
        totals[stream] += scores.continuation[stream, np.arange(len(labels)), labels].sum()
    return totals


def best_segmentations(scores: SegmentalScores, n: int) -> list[Segmentation]:
    """The n segmentations with the highest scores, best first, of the one stream in `scores`."""
    if n == 1 and scores.change is None:
        return [best_segmentation(scores)]
    pages = int(scores.lengths[0])
    search = _Search(scores, look_ahead(scores, MAX), n)
    serial = count()  # equal scores come in the order in which they were found
    queue: list[tuple[float, int, _Node]] = [(0.0, next(serial), _Node(0, -1, False, 0.0, None))]
    found: list[Segmentation] = []
    while queue and len(found) < n:
        _, _, node = heapq.heappop(queue)
        if node.position == pages and not node.long:
            found.append(_segmentation(node, pages))
            continue
        for estimate, following in search.expand(node):
            heapq.heappush(queue, (-estimate, next(serial), following))
    return found


class _Node(NamedTuple):
    """A path so far: up to `position`, where a document of class `label` has ended.

    Or, where it is `long`, it has `limit` pages or more and may go on.
    """

    position: int
    label: int
    long: bool
    score: float
    parent: _Node | None


class _Search:
    """Expands the paths of one stream."""

    def __init__(self, scores: SegmentalScores, ahead: Ahead, n: int) -> None:
        self.scores, self.n = scores, n
        self.rest, self.through = ahead.rest[0], ahead.through[0]
        self.closing, self.onward = ahead.closing[0], ahead.onward[0]

    def expand(self, node: _Node) -> Iterator[tuple[float, _Node]]:
        """(score with the best of what may follow, the path one step on)."""
        if not node.long:
            yield from self._new_document(node)
            return
        at, label = node.position, node.label
        if np.isfinite(self.rest[at, label]):
            yield (
                node.score + self.rest[at, label],
                node._replace(long=False, parent=node),
            )
        onward = self.onward[at + 1, label] - self.through[at, label] + self.scores.tail[label]
        if np.isfinite(onward):
            gain = self.through[at + 1, label] - self.through[at, label] + self.scores.tail[label]
            yield (
                node.score + onward,
                node._replace(position=at + 1, score=node.score + gain, parent=node),
            )

    def _new_document(self, node: _Node) -> Iterator[tuple[float, _Node]]:
        scores, start, limit = self.scores, node.position, self.scores.limit
        begin = scores.first[0, start] - self.through[start + 1]
        if scores.change is not None and start:
            begin = begin + scores.change[node.label]
        own = begin + scores.length
        if scores.document is not None:
            own = own + scores.document[0, start]
        ahead = self.closing[start + 1 : start + 1 + limit].copy()
        ahead[-1] = self.onward[start + limit]
        estimates = (own + ahead).ravel()
        for place in np.argsort(-estimates, kind="stable")[: self.n]:
            if not np.isfinite(estimates[place]):
                return
            index, label = divmod(int(place), len(scores.tail))
            stop = start + 1 + index
            score = node.score + own[index, label] + self.through[stop, label]
            yield (
                node.score + estimates[place],
                _Node(stop, label, index == limit - 1, score, node),
            )


def _segmentation(node: _Node, pages: int) -> Segmentation:
    labels, starts = np.zeros(pages, dtype=np.intp), np.zeros(pages, dtype=bool)
    at: _Node | None = node
    stop = pages
    while at is not None and at.parent is not None:
        before = at.parent
        labels[before.position : stop] = at.label
        if not before.long:  # the document started here
            starts[before.position] = True
        stop = before.position
        at = before
    return Segmentation(labels, starts, node.score)
