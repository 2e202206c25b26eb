"""What the sequence model says of a stream: its best segmentation, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Hypothesis:
    """One segmentation of a stream, labels int [pages] and starts bool [pages].

    `probability` is that all of it is right.
    """

    labels: NDArray[np.intp]
    starts: NDArray[np.bool_]
    probability: float

    @property
    def spans(self) -> list[range]:
        """Pages of each document, from 0."""
        return spans_of(self.starts)


@dataclass(frozen=True)
class StreamPosteriors:
    """Exact posteriors of one stream.

    `best` are the most probable segmentations, the best first; what else is said of documents is
    of those of the first. Shapes: class_probability [pages, classes]; boundary [pages], the
    probability that a document starts with the page; segment [documents, classes], the probability
    of each class that exactly the pages of that document are one document of it.
    """

    best: tuple[Hypothesis, ...]
    class_probability: NDArray[np.float64]
    boundary: NDArray[np.float64]
    segment: NDArray[np.float64]

    @property
    def labels(self) -> NDArray[np.intp]:
        return self.best[0].labels

    @property
    def starts(self) -> NDArray[np.bool_]:
        return self.best[0].starts

    @property
    def spans(self) -> list[range]:
        return self.best[0].spans


def spans_of(starts: NDArray[np.bool_]) -> list[range]:
    """Pages of each document of a stream, from 0, given the pages that start one."""
    edges = [*np.flatnonzero(starts), len(starts)]
    return [range(start, stop) for start, stop in pairwise(edges)]
