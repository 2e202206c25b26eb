"""The best segmentations of a linear chain.

The best alone is found for several streams at once; what leads to it is looked up only where a
document of it starts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from common.models.chain_crf import ChainScores
from common.models.segmental_crf import Floats

Path = tuple[NDArray[np.intp], NDArray[np.bool_], float]  # (labels [pages], starts [pages], score)


def best_of_each(scores: ChainScores, lengths: Sequence[int] | NDArray[np.intp]) -> list[Path]:
    """The best labelled segmentation of each of several streams, by Viterbi.

    Args:
        scores: [pages, streams, classes], padded.
    """
    best, opened, going = scores.first.copy(), scores.first.copy(), scores.continuation.copy()
    leaving = best.transpose(0, 2, 1)[:, :, :, None]  # [page, class before, streams, 1]
    arriving = scores.change[:, None, :]
    ways, way = np.empty((len(scores.change), *best.shape[1:])), np.empty(best.shape[1:])
    pages = zip(best[:-1], leaving[:-1], best[1:], opened[1:], going[1:], strict=True)
    for before, leaves, here, opens, goes in pages:
        np.add(leaves, arriving, ways)
        opens += np.maximum.reduce(ways, 0, None, way)
        goes += before
        np.maximum(opens, goes, here)
    # The row in which the best document of a class that holds this page began.
    row = np.arange(best[..., 0].size).reshape(*best.shape[:2], 1)
    begun = np.maximum.accumulate(np.where(opened == best, row, 0), axis=0)
    return _trace_documents(best, begun, scores.change, np.asarray(lengths))


def _trace_documents(
    best: Floats, begun: NDArray[np.intp], change: Floats, lengths: NDArray[np.intp]
) -> list[Path]:
    """From the last document of each stream to its first.

    A row is one page of one stream, so that a single number says where it is.

    Args:
        best, begun: [pages, streams, classes].
    """
    pages, streams, classes = best.shape
    onto = np.ascontiguousarray(change.T)  # [class, class before]
    best, begun = best.reshape(-1, classes), begun.ravel()
    last = (lengths - 1) * streams + np.arange(streams)
    score, label = best[last].max(axis=1), best[last].argmax(axis=1)
    rows, found = [], []
    while len(last):
        row = begun.take(last * classes + label)
        rows.append(row)
        found.append(label)
        if row.min() < streams:  # the first document of some
            more = row >= streams
            row, label = row[more], label[more]
        last = row - streams
        label = (best.take(last, axis=0) + onto.take(label, axis=0)).argmax(axis=1)
    labels, starts = np.zeros(pages * streams, np.intp), np.zeros(pages * streams, bool)
    begins = np.concatenate(rows)
    labels[begins], starts[begins] = np.concatenate(found), True
    starts = starts.reshape(pages, streams)
    # A document's class stands at its first page: all others take it from there.
    each = np.arange(pages * streams).reshape(pages, streams)
    labels = labels.take(np.maximum.accumulate(np.where(starts, each, 0), axis=0))
    return [
        (labels[:own, place], starts[:own, place], float(score[place]))
        for place, own in enumerate(lengths)
    ]


def best_segmentations(scores: ChainScores, n: int) -> list[Path]:
    """The n best labelled segmentations of one stream, the best first.

    Viterbi with the n best up to each page and class in place of the best (Seshadri and Sundberg,
    "List Viterbi Decoding Algorithms with Applications", IEEE Transactions on Communications 42,
    1994). All of them where there are fewer.
    """
    if n == 1:
        alone = ChainScores(scores.first[:, None], scores.continuation[:, None], scores.change)
        return best_of_each(alone, [len(scores.first)])
    pages, classes = scores.first.shape
    best = np.full((n, classes), -np.inf)
    best[0] = scores.first[0]
    begun = np.ones((pages, n, classes), dtype=bool)
    before = np.zeros((pages, n, classes), dtype=np.intp)  # place in the page before's `best`
    each = np.arange(classes)
    for t in range(1, pages):
        arriving = (best[:, :, None] + scores.change).reshape(n * classes, classes)
        origin = _highest(arriving, n)
        ways = np.concatenate(
            [arriving[origin, each] + scores.first[t], best + scores.continuation[t]]
        )
        chosen = _highest(ways, n)
        best = ways[chosen, each]
        begun[t] = chosen < n
        opened = origin[np.minimum(chosen, n - 1), each]
        before[t] = np.where(begun[t], opened, (chosen - n) * classes + each)
    ends = _highest(best.reshape(-1, 1), n)[:, 0]
    return [
        (*_trace(begun, before, place), float(best.flat[place]))
        for place in ends
        if np.isfinite(best.flat[place])
    ]


def _highest(values: Floats, n: int) -> NDArray[np.intp]:
    """Rows of the n highest values of each column, the highest first, [n, columns]."""
    found = np.argpartition(values, -n, axis=0)[-n:]
    order = np.argsort(-np.take_along_axis(values, found, axis=0), axis=0, kind="stable")
    return np.take_along_axis(found, order, axis=0)


def _trace(
    begun: NDArray[np.bool_], before: NDArray[np.intp], place: int
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """(labels, starts) of the path that ends at a place, rank · classes + class."""
    pages, _, classes = begun.shape
    labels, starts = np.zeros(pages, dtype=np.intp), np.zeros(pages, dtype=bool)
    for t in range(pages - 1, -1, -1):
        labels[t], starts[t] = place % classes, begun[t].flat[place]
        place = before[t].flat[place]
    return labels, starts
