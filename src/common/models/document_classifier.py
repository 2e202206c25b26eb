"""The class of a whole document: what its pages say together, its first and its last page.

A multinomial logistic regression over pooled page vectors. It is linear, so it weighs pages first
and pools after, by prefix sums: all documents that a stream might hold cost little more than its
pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from common.models.segmental_paths import Segments
from common.models.trees import Arrays
from common.pages.evidence import StreamFeatures

Floats = NDArray[np.float64]
_PENALTY = 0.3  # inverse strength of the L2 penalty
_SURE = 0.003  # no class is less likely than this: a document may look like nothing in training
_POOLS = 4  # mean, first page, last page, and the mean times √pages: agreement of many counts more


@dataclass(frozen=True)
class DocumentClassifier:
    """weight [pools, width, classes] of pooled page vectors, bias [classes]."""

    weight: Floats
    bias: Floats

    def log_probabilities(self, stream: StreamFeatures, limit: int) -> Floats:
        """Class of each possible document, float64 [pages, limit, classes].

        By first page and length; 0 where the stream ends before.
        """
        vectors = _page_vectors(stream)
        pages = len(vectors)
        found = np.zeros((pages, limit, len(self.bias)))
        first, last = vectors @ self.weight[1], vectors @ self.weight[2]
        sums, counts = self._running_sums(stream, vectors)
        for length in range(1, min(limit, pages) + 1):
            many = pages - length + 1
            score = self.bias + first[:many] + last[length - 1 :]
            for (mean, root), count in zip(sums, counts, strict=True):
                seen = np.maximum(count[length:] - count[:many], 1)
                score += (mean[length:] - mean[:many]) / seen
                score += (root[length:] - root[:many]) / np.sqrt(seen)
            found[:many, length - 1] = log_softmax(score, axis=1)
        return np.maximum(found, np.log(_SURE))

    def _running_sums(
        self, stream: StreamFeatures, vectors: Floats
    ) -> tuple[list[tuple[Floats, Floats]], list[Floats]]:
        """Of each modality: sums of weighed pages for both kinds of mean, and of pages seen."""
        edges = np.cumsum([0, *_widths(stream)])
        parts = [slice(low, high) for low, high in pairwise(edges)]
        sums = [
            (
                _up_to(vectors[:, part] @ self.weight[0, part]),
                _up_to(vectors[:, part] @ self.weight[3, part]),
            )
            for part in parts
        ]
        counts = [_up_to(seen[:, None].astype(np.float64)) for seen in stream.seen]
        return sums, counts

    def arrays(self) -> Arrays:
        return {"weight": self.weight, "bias": self.bias}


def load_document_classifier(arrays: Arrays) -> DocumentClassifier:
    """The classifier that `DocumentClassifier.arrays` gave."""
    return DocumentClassifier(**arrays)


def fit_document_classifier(
    streams: Sequence[StreamFeatures],
    truths: Sequence[Segments],
    classes: int,
    *,
    copies: int,
) -> DocumentClassifier:
    """Fit on the true documents of each stream.

    Args:
        copies: how often each document comes; copies are no further evidence.
    """
    parts = [_pooled(stream, own) for stream, own in zip(streams, truths, strict=True)]
    rows, labels = np.concatenate(parts), np.concatenate([own.label for own in truths])
    mean, deviation = rows.mean(axis=0), np.maximum(rows.std(axis=0), 0.05)
    weight = np.zeros((rows.shape[1], classes))
    bias = np.full(classes, np.log(_SURE))  # of a class that has no document here
    known = np.unique(labels)
    if len(known) == 1:
        bias[known] = 0
    else:
        model = LogisticRegression(C=_PENALTY / copies, max_iter=300)
        model.fit((rows - mean) / deviation, labels)
        coefficients, intercepts = model.coef_, model.intercept_
        if len(known) == 2:  # scikit-learn keeps the second class alone
            coefficients = np.vstack([-coefficients, coefficients]) / 2
            intercepts = np.array([-intercepts[0], intercepts[0]]) / 2
        weight[:, known] = coefficients.T / deviation[:, None]
        bias[known] = intercepts - coefficients @ (mean / deviation)
    return DocumentClassifier(weight.reshape(_POOLS, -1, classes), bias)


def _widths(stream: StreamFeatures) -> list[int]:
    """Width of each modality's page vectors."""
    modalities, _, classes = stream.class_votes.shape
    return [classes] * modalities


def _page_vectors(stream: StreamFeatures) -> Floats:
    """What each modality says of a page's class, [pages, width]."""
    return np.hstack(list(stream.class_votes)).astype(np.float64)


def _pooled(stream: StreamFeatures, documents: Segments) -> Floats:
    """Pooled page vectors of some documents of a stream, [documents, pools · width]."""
    vectors, widths = _page_vectors(stream), _widths(stream)
    begins, ends = documents.start, documents.start + documents.pages
    sums = _up_to(vectors)[ends] - _up_to(vectors)[begins]
    seen = _up_to(stream.seen.T.astype(np.float64))
    counts = np.repeat(np.maximum(seen[ends] - seen[begins], 1), widths, axis=1)
    pools = [sums / counts, vectors[begins], vectors[ends - 1], sums / np.sqrt(counts)]
    return np.hstack(pools)


def _up_to(rows: Floats) -> Floats:
    """Sums of the rows before each position, [rows + 1, …]."""
    return np.vstack([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])
