"""How many pages got the right class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support

from common.results.bootstrap import WeightedMetric, ratio
from common.results.comparison import Comparison, StreamComparison


def page_accuracy(comparison: Comparison) -> WeightedMetric:
    """Share of pages with the right class."""
    right = [
        (stream.true_page_label == stream.predicted_page_label).sum()
        for stream in comparison.streams
    ]
    return ratio(right, [len(stream) for stream in comparison.streams])


def page_macro_f1(comparison: Comparison) -> WeightedMetric:
    """Mean over classes of F1 = 2 TP / (2 TP + FP + FN).

    The classes are those that occur in the truth or in the prediction of the streams at hand,
    as in scikit-learn's `f1_score(average="macro")`: a class that the model invents, or never
    heard of, counts with 0.
    """
    matrices = np.stack([_confusion(stream, comparison) for stream in comparison.streams])
    hits = np.diagonal(matrices, axis1=1, axis2=2).astype(np.float64)  # [streams, classes]
    occurrences = (matrices.sum(axis=1) + matrices.sum(axis=2)).astype(np.float64)

    def weighted(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        total = weights @ occurrences  # 2 TP + FP + FN, [draws, classes]
        f1 = 2 * (weights @ hits) / np.where(total > 0, total, 1)
        return f1.sum(axis=1) / (total > 0).sum(axis=1)

    return weighted


def _confusion(stream: StreamComparison, comparison: Comparison) -> NDArray[np.int64]:
    """Pages by true and predicted class; scikit-learn's warns when there is one class."""
    classes = len(comparison.labels)
    cells = stream.true_page_label * classes + stream.predicted_page_label
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


@dataclass(frozen=True)
class ClassScores:
    """Page-level figures of one class; `pages` and `predicted` count them in truth and guess."""

    label: str
    pages: int
    predicted: int
    precision: float
    recall: float
    f1: float


def page_confusion(comparison: Comparison) -> NDArray[np.int64]:
    """Pages by true class (rows) and predicted class (columns), in the order of `labels`."""
    return sum(
        (_confusion(stream, comparison) for stream in comparison.streams),
        start=np.zeros((len(comparison.labels),) * 2, dtype=np.int64),
    )


def class_scores(comparison: Comparison) -> list[ClassScores]:
    """Precision, recall and F1 of every class, 0 where nothing can be divided."""
    truth, guess = comparison.each("true_page_label"), comparison.each("predicted_page_label")
    classes = np.arange(len(comparison.labels))
    precision, recall, f1, pages = precision_recall_fscore_support(
        truth, guess, labels=classes, zero_division=0.0
    )
    predicted = np.bincount(guess, minlength=len(classes))
    return [
        ClassScores(label, int(n), int(m), float(p), float(r), float(f))
        for label, n, m, p, r, f in zip(
            comparison.labels, pages, predicted, precision, recall, f1, strict=True
        )
    ]
