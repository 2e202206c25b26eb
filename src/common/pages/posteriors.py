"""What the sequence model says of a stream: its best segmentation, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class StreamPosteriors:
    """Exact posteriors of one stream.

    Shapes: labels int [pages] and starts bool [pages], the most probable segmentation;
    class_probability [pages, classes]; boundary [pages], the probability that a document starts
    with the page; segment [documents, classes], the probability of each class that exactly the
    pages of that predicted document are one document of it.
    """

    labels: NDArray[np.intp]
    starts: NDArray[np.bool_]
    class_probability: NDArray[np.float64]
    boundary: NDArray[np.float64]
    segment: NDArray[np.float64]

    @property
    def spans(self) -> list[range]:
        """Pages of each predicted document, from 0."""
        return spans_of(self.starts)


def spans_of(starts: NDArray[np.bool_]) -> list[range]:
    """Pages of each document of a stream, from 0, given the pages that start one."""
    edges = [*np.flatnonzero(starts), len(starts)]
    return [range(start, stop) for start, stop in pairwise(edges)]
