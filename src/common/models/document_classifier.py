"""The class of a whole document, from what its pages say and how they look.

A forest and a logistic regression answer, and their probabilities are averaged. Pages' means come
from prefix sums, so that all documents that a stream might hold are pooled at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.models.arrays import Arrays, below, part
from common.models.forest import Forest, grow_forest, load_forest
from common.models.linear_classifier import LinearClassifier, fit_linear_classifier
from common.models.segmental_paths import Segments
from common.pages.evidence import StreamFeatures

Floats = NDArray[np.float64]
_TREES = 100
_SHARE = 0.1  # of what is known that a split may choose from
_WEAKNESS = 0.1  # of the linear model's L2 penalty, copies apart
_TOGETHER = 2048  # documents asked about at once, which bounds the memory
_SURE = 0.003  # no class is less likely than this: a document may look like nothing in training


@dataclass(frozen=True)
class DocumentClassifier:
    """Two answers to what is known of a document, see `_pooled`."""

    forest: Forest
    linear: LinearClassifier

    def log_probabilities(self, stream: StreamFeatures, limit: int) -> Floats:
        """Class of each possible document, float64 [pages, limit, classes].

        By first page and length; 0 where the stream ends before. All classes are alike where
        nothing is known of any page.
        """
        pages, classes = stream.class_votes.shape[1:]
        found = np.zeros((pages, limit, classes))
        known = stream.seen.any(axis=0)[:, None]
        begins, further = np.nonzero(np.arange(pages)[:, None] + np.arange(limit) < pages)
        for at in range(0, len(begins), _TOGETHER):
            begin, more = begins[at : at + _TOGETHER], further[at : at + _TOGETHER]
            end = begin + more + 1
            rows = _pooled(stream, begin, end)
            said = (self.forest.probabilities(rows) + self.linear.probabilities(rows)) / 2
            blank = _sums(known, begin, end) == 0
            found[begin, more] = np.log(np.where(blank, 1 / classes, np.clip(said, _SURE, 1)))
        return found

    def arrays(self) -> Arrays:
        return {
            **below("forest", self.forest.arrays()),
            **below("linear", self.linear.arrays()),
        }


def load_document_classifier(arrays: Arrays) -> DocumentClassifier:
    """The classifier that `DocumentClassifier.arrays` gave."""
    return DocumentClassifier(
        load_forest(part("forest", arrays)), LinearClassifier(**part("linear", arrays))
    )


def fit_document_classifier(
    streams: Sequence[StreamFeatures],
    truths: Sequence[Segments],
    classes: int,
    *,
    copies: int,
    seed: int,
) -> DocumentClassifier:
    """Fit on the true documents of each stream.

    Args:
        copies: how often each document comes; copies are no further evidence.
    """
    rows = np.concatenate(
        [
            _pooled(stream, own.start, own.start + own.pages)
            for stream, own in zip(streams, truths, strict=True)
        ]
    )
    labels = np.concatenate([own.label for own in truths])
    forest = grow_forest(
        rows,
        labels,
        classes,
        trees=_TREES,
        smallest_leaf=copies,
        share=_SHARE,
        seed=seed,
    )
    linear = fit_linear_classifier(
        rows, labels, classes, weakness=_WEAKNESS / copies, balanced=True
    )
    return DocumentClassifier(forest, linear)


def _pooled(
    stream: StreamFeatures, begins: NDArray[np.intp], ends: NDArray[np.intp]
) -> NDArray[np.float32]:
    """What is known of documents, float32 [documents, …].

    Their number of pages, the mean look of a page, and of each modality the mean vote of the pages
    that have it, the first and the last page's votes, and the mean times the root of how many there
    are: agreement of many counts more. A page without the modality votes for all classes alike.
    """
    pages = (ends - begins)[:, None]
    alike = -np.log(stream.class_votes.shape[2])
    pools: list[NDArray] = [pages, _sums(stream.alone, begins, ends) / pages]
    for cast, seen in zip(stream.class_votes, stream.seen[:, :, None], strict=True):
        count = _sums(seen, begins, ends)
        mean = np.where(count > 0, _sums(cast, begins, ends) / np.maximum(count, 1), alike)
        votes = np.where(seen, cast, alike)
        pools += [mean, votes[begins], votes[ends - 1], mean * np.sqrt(np.maximum(count, 1))]
    return np.hstack(pools).astype(np.float32)


def _sums(rows: NDArray, begins: NDArray[np.intp], ends: NDArray[np.intp]) -> Floats:
    """Sums of the rows from each begin to before its end, [documents, …]."""
    zero = np.zeros((1, rows.shape[1]))
    before = np.vstack([zero, np.cumsum(rows, axis=0, dtype=np.float64)])
    return before[ends] - before[begins]
