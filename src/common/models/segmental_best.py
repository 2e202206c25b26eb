"""The best segmentation of a stream where changes of class score nothing.

What follows a document then depends on where it ends alone, so the best class of every possible
document is found first, all starts at once, and what remains is a search over positions. Documents
of more than `limit` pages are found a block of `limit` starts at a time: none of them ends within
the block.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.models.segmental_crf import Floats, SegmentalScores


@dataclass(frozen=True)
class Segmentation:
    """labels int [pages], starts bool [pages], and their score."""

    labels: NDArray[np.intp]
    starts: NDArray[np.bool_]
    score: float


def best_segmentation(scores: SegmentalScores) -> Segmentation:
    """Of the one stream in `scores`, which score no changes."""
    pages, classes = scores.first.shape[1:]
    limit = scores.limit
    through = np.vstack([np.zeros((1, classes)), np.cumsum(scores.continuation[0], axis=0)])
    opened = scores.first[0] - through[1:]
    top, label = _best_classes(scores, opened, through)
    if scores.document is not None:
        opened = opened + scores.document[0, :, -1]
    longer = _Longer(opened + scores.length[-1], through, scores.tail)
    rest, stops = np.zeros(pages + 1), np.zeros(pages, dtype=np.intp)
    labels_of = np.zeros(pages, dtype=np.intp)
    for block in range((pages - 1) // limit * limit, -1, -limit):
        starts = range(block, min(block + limit, pages))
        value, of_class, stop = longer.of_block(starts, rest, limit)
        for start in reversed(starts):
            most = min(limit, pages - start)
            ways = top[start, :most] + rest[start + 1 : start + 1 + most]
            index = int(ways.argmax())
            if ways[index] >= value[start - block]:
                rest[start], stops[start] = ways[index], start + 1 + index
                labels_of[start] = label[start, index]
            else:
                rest[start], stops[start] = value[start - block], stop[start - block]
                labels_of[start] = of_class[start - block]
    return _trace(stops, labels_of, float(rest[0]))


def _best_classes(
    scores: SegmentalScores, opened: Floats, through: Floats
) -> tuple[Floats, NDArray[np.intp]]:
    """Score and class of the best document of each start and length, [pages, limit]."""
    pages, limit = len(opened), scores.limit
    top, label = np.full((pages, limit), -np.inf), np.zeros((pages, limit), dtype=np.intp)
    for length in range(1, min(limit, pages) + 1):
        many = pages - length + 1
        own = opened[:many] + through[length:] + scores.length[length - 1]
        if scores.document is not None:
            own += scores.document[0, :many, length - 1]
        label[:many, length - 1] = own.argmax(axis=1)
        top[:many, length - 1] = own.max(axis=1)
    return top, label


class _Longer:
    """The best documents of more than `limit` pages.

    onward [classes] and end [classes]: from the last block's first position on, the best of where a
    document that has `limit` pages there may end, and which end that is.
    """

    def __init__(self, opened: Floats, through: Floats, tail: Floats) -> None:
        self.opened, self.through, self.tail = opened, through, tail
        self.onward = np.full(len(tail), -np.inf)
        self.end = np.zeros(len(tail), dtype=np.intp)

    def of_block(
        self, starts: range, rest: Floats, limit: int
    ) -> tuple[Floats, NDArray[np.intp], NDArray[np.intp]]:
        """Score, class and end of the best from each start, [starts]; −inf where there is none.

        `rest` must hold what follows every position after the block.
        """
        pages = len(self.opened)
        ends = np.arange(starts.start + limit, min(starts.stop + limit, pages + 1))
        value = np.full(len(starts), -np.inf)
        label, stop = np.zeros((2, len(starts)), dtype=np.intp)
        if not len(ends):
            return value, label, stop
        closing = rest[ends, None] + self.through[ends]
        onward, end = np.empty_like(closing), np.zeros(closing.shape, dtype=np.intp)
        after, after_end = self.onward, self.end
        for place in range(len(ends) - 1, -1, -1):
            on = after + self.tail
            here = closing[place] >= on
            onward[place] = np.where(here, closing[place], on)
            end[place] = np.where(here, ends[place], after_end)
            after, after_end = onward[place], end[place]
        self.onward, self.end = after, after_end
        many = np.arange(min(len(ends), len(starts)))
        own = self.opened[starts.start : starts.start + len(many)] + onward[many]
        label[many] = own.argmax(axis=1)
        value[many] = own.max(axis=1)
        stop[many] = end[many, label[many]]
        return value, label, stop


def _trace(stops: NDArray[np.intp], labels_of: NDArray[np.intp], score: float) -> Segmentation:
    """Follow each document to the next."""
    labels, starts = np.zeros(len(stops), dtype=np.intp), np.zeros(len(stops), dtype=bool)
    at = 0
    while at < len(stops):
        labels[at : stops[at]] = labels_of[at]
        starts[at] = True
        at = stops[at]
    return Segmentation(labels, starts, score)
