"""A multinomial logistic regression with an L2 penalty, fitted by scikit-learn.

It sees its inputs standardised and clipped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from common.models.arrays import Arrays, arrays_of
from common.models.standardising import mean_and_deviation, standardised

_NEVER = -1e3  # of a class that no row had; finite, so that differences of scores are
_STEPS = 500


@dataclass(frozen=True)
class LinearClassifier:
    """Inputs' mean and deviation float64 [width]; weight [width, classes], bias [classes]."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    weight: NDArray[np.float64]
    bias: NDArray[np.float64]

    def scores(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Of each class, float64 [rows, classes]; differences are log-odds."""
        return standardised(rows, self.mean, self.deviation) @ self.weight + self.bias

    def probabilities(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Class distribution of each row, float64 [rows, classes]."""
        return softmax(self.scores(rows), axis=1)

    def arrays(self) -> Arrays:
        return arrays_of(self)


def always_scoring(bias: NDArray[np.float64], *, width: int) -> LinearClassifier:
    """The same scores for every row, whatever is in its `width` columns."""
    none, one = np.zeros(width), np.ones(width)
    return LinearClassifier(none, one, np.zeros((width, len(bias))), bias)


def fit_linear_classifier(
    rows: NDArray[np.float32],
    labels: NDArray[np.intp],
    classes: int,
    *,
    weakness: float,
    balanced: bool,
) -> LinearClassifier:
    """Fit to rows and their classes, not all of which need occur.

    Args:
        weakness: the inverse of the penalty's strength, `C` of scikit-learn.
        balanced: rare classes weigh as much as frequent ones.
    """
    known = np.unique(labels)
    bias = np.full(classes, _NEVER)
    if len(known) == 1:
        bias[known] = 0
        return always_scoring(bias, width=rows.shape[1])
    mean, deviation = mean_and_deviation(rows.astype(np.float64))
    class_weight = "balanced" if balanced else None
    model = LogisticRegression(C=weakness, max_iter=_STEPS, class_weight=class_weight)
    model.fit(standardised(rows, mean, deviation), labels)
    weight = np.zeros((rows.shape[1], classes))
    scored = known[-len(model.coef_) :]  # of two classes scikit-learn scores the second alone
    bias[known] = 0
    bias[scored], weight[:, scored] = model.intercept_, model.coef_.T
    return LinearClassifier(mean, deviation, weight, bias)
