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
    arriving = scores.change[:, None, :]  # [class before, streams, class]
    ways = np.empty((len(scores.change), *best.shape[1:]))
    before = best[0]
    for here, opens, goes in zip(best[1:], opened[1:], going[1:], strict=True):
        np.add(before.T[:, :, None], arriving, out=ways)
        opens += ways.max(axis=0)
        goes += before
        np.maximum(opens, goes, out=here)
        before = here
    # The page that the best document of a class which holds page t began with.
    page = np.arange(len(best))[:, None, None]
    begun = np.maximum.accumulate(np.where(opened == best, page, 0), axis=0)
    return _trace_documents(best, begun, scores.change, np.asarray(lengths))


def _trace_documents(
    best: Floats, begun: NDArray[np.intp], change: Floats, lengths: NDArray[np.intp]
) -> list[Path]:
    """From the last document of each stream to its first.

    Args:
        best, begun: [pages, streams, classes].
    """
    pages, streams = best.shape[:2]
    onto = np.ascontiguousarray(change.T)  # [class, class before]
    stream, last = np.arange(streams), lengths - 1
    ends = best[last, stream]
    label = ends.argmax(axis=1)
    documents = []
    while len(stream):
        start = begun[last, stream, label]
        documents.append((start, stream, label))
        if not start.all():  # the first document of some
            more = start > 0
            start, stream, label = start[more], stream[more], label[more]
        last = start - 1
        label = (best[last, stream] + onto[label]).argmax(axis=1)
    first_pages = tuple(np.concatenate(each) for each in zip(*documents, strict=True))
    labels, starts = np.zeros((pages, streams), np.intp), np.zeros((pages, streams), bool)
    labels[first_pages[:2]], starts[first_pages[:2]] = first_pages[2], True
    # A document's class stands at its first page: all others take it from there.
    first = np.maximum.accumulate(np.where(starts, np.arange(pages)[:, None], 0), axis=0)
    labels = labels[first, np.arange(streams)]
    return [
        (labels[:own, place], starts[:own, place], float(ends[place].max()))
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
