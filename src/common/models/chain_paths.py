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


def best_of_each(scores: ChainScores, lengths: Sequence[int]) -> list[Path]:
    """The best labelled segmentation of each of several streams, by Viterbi.

    Args:
        scores: [pages, streams, classes], padded.
    """
    first, continuation = scores.first, scores.continuation
    onto = np.ascontiguousarray(scores.change.T)  # [class, class before]
    best, opened = np.empty_like(first), np.empty_like(first)
    best[0] = opened[0] = first[0]
    for t in range(1, len(first)):
        np.add((best[t - 1][:, None, :] + onto).max(axis=2), first[t], out=opened[t])
        np.maximum(opened[t], best[t - 1] + continuation[t], out=best[t])
    # The page that the best document of a class which holds page t began with.
    here = np.arange(len(first))[:, None, None]
    begun = np.maximum.accumulate(np.where(opened == best, here, 0), axis=0)
    return [
        _trace_documents(best[:pages, stream], begun[:, stream], scores.change)
        for stream, pages in enumerate(lengths)
    ]


def _trace_documents(best: Floats, begun: NDArray[np.intp], change: Floats) -> Path:
    """From the last document of one stream to its first; best and begun [pages, classes]."""
    labels, starts = np.zeros(len(best), dtype=np.intp), np.zeros(len(best), dtype=bool)
    stop, label = len(best), int(best[-1].argmax())
    while stop:
        start = int(begun[stop - 1, label])
        labels[start:stop] = label
        starts[start] = True
        if start:
            label = int((best[start - 1] + change[:, label]).argmax())
        stop = start
    return labels, starts, float(best[-1].max())


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
