"""The class of a page in its surroundings: a forest over the page and its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from common.models.forest import Forest, grow_forest, load_forest
from common.models.trees import Arrays
from common.pages.evidence import StreamFeatures

Floats = NDArray[np.float64]
_TREES = 100
_SMALLEST_LEAF = 2  # documents' pages
_COPIES = 3  # of each document, at most: more cost time and tell little
_SURE = 0.003


@dataclass(frozen=True)
class PageClassifier:
    """A forest over the features of a page, of the one before and of the one after."""

    forest: Forest

    def log_probabilities(self, stream: StreamFeatures) -> Floats:
        """Class of each page, [pages, classes]."""
        found = self.forest.probabilities(stream.with_context())
        return np.log(np.clip(found, _SURE, 1))

    def arrays(self) -> Arrays:
        return self.forest.arrays()


def load_page_classifier(arrays: Arrays) -> PageClassifier:
    """The classifier that `PageClassifier.arrays` gave."""
    return PageClassifier(load_forest(arrays))


def fit_page_classifier(
    streams: Sequence[StreamFeatures],
    labels: Sequence[NDArray[np.intp]],
    classes: int,
    *,
    copies: int,
    seed: int,
) -> PageClassifier:
    """Fit on streams of which each document comes `copies` times, one copy after another."""
    used = min(copies, _COPIES)
    some = len(streams) * used // copies
    forest = grow_forest(
        np.concatenate([stream.with_context() for stream in streams[:some]]),
        np.concatenate(labels[:some]),
        classes,
        trees=_TREES,
        smallest_leaf=_SMALLEST_LEAF * used,
        seed=seed,
    )
    return PageClassifier(forest)


def pooled(log_probabilities: Floats, limit: int) -> Floats:
    """Class of each possible document, [pages, limit, classes], by first page and length.

    Pages agree more often than if they were independent: their sum is divided by √pages. 0 where
    the stream ends before.
    """
    pages, classes = log_probabilities.shape
    sums = np.vstack([np.zeros((1, classes)), np.cumsum(log_probabilities, axis=0)])
    found = np.zeros((pages, limit, classes))
    for length in range(1, min(limit, pages) + 1):
        many = pages - length + 1
        score = (sums[length:] - sums[:many]) / np.sqrt(length)
        found[:many, length - 1] = log_softmax(score, axis=1)
    return np.maximum(found, np.log(_SURE))
