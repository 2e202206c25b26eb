"""How many pages a document of each class has: a smoothed table, and a geometric tail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_BLUR = np.array([0.25, 0.5, 0.25])  # a document of four pages might as well have had five
_GEOMETRIC = 0.2  # share of the geometric distribution, which knows every length
_PRIOR = 5.0  # documents: how many a class needs to outweigh what all classes say


@dataclass(frozen=True)
class LengthTable:
    """Log-probabilities: table [limit, classes], of one page first; tail [classes].

    A document of ℓ > limit pages has table[limit − 1] + (ℓ − limit) · tail.
    """

    table: Floats
    tail: Floats


def fit_lengths(
    pages: NDArray[np.intp], labels: NDArray[np.intp], *, limit: int, classes: int
) -> LengthTable:
    """Fit to documents: pages and class of each.

    A class's own histogram is mixed with that of all classes (as under a Dirichlet prior), which
    is mixed with a geometric distribution of the same mean.
    """
    on = 1 - 1 / max(pages.mean(), 1.5)  # probability that one page more follows
    shared = _blurred(pages, limit)
    shared /= shared.sum()
    geometric = (1 - on) * on ** np.arange(limit)
    geometric[-1] /= 1 - on  # all that is longer
    shared = (1 - _GEOMETRIC) * shared + _GEOMETRIC * geometric
    own = np.stack([_blurred(pages[labels == label], limit) for label in range(classes)], axis=1)
    table = (own + _PRIOR * shared[:, None]) / (own.sum(axis=0) + _PRIOR)
    long = pages[pages >= limit]
    stay = np.full(classes, max(on, 1 - 1 / (1 + (long - limit).mean()) if len(long) else on))
    table[-1] *= 1 - stay
    return LengthTable(np.log(table), np.log(stay))


def _blurred(pages: NDArray[np.intp], limit: int) -> Floats:
    """Histogram of lengths, a little spread; the last cell holds all from `limit` on."""
    counts = np.zeros(limit)
    for shift, weight in zip((-1, 0, 1), _BLUR, strict=True):
        np.add.at(counts, np.clip(pages + shift, 1, limit) - 1, weight)
    return counts
