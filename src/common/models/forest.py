"""A forest of extremely randomised trees (Geurts et al. 2006), grown by scikit-learn.

Rare classes weigh as much as frequent ones. Probabilities are shares of training rows in the
leaves, so far-out rows get those of the rows nearest to them, and nothing extrapolates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier

from common.models.arrays import Arrays
from common.models.trees import TreeNodes, Trees, side_by_side


@dataclass(frozen=True)
class Forest:
    """Trees whose leaves hold a distribution over the classes."""

    trees: Trees

    def probabilities(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Class distribution of each row, float64 [rows, classes]."""
        return self.trees.sums(rows) / len(self.trees.roots)

    def arrays(self) -> Arrays:
        return self.trees.arrays()


def load_forest(arrays: Arrays) -> Forest:
    """The forest that `Forest.arrays` gave."""
    return Forest(Trees(**arrays))


def always_one_class(label: int, *, classes: int) -> Forest:
    """One tree that is a leaf: the same class for every row."""
    nothing = np.zeros(1)
    value = np.eye(classes, dtype=np.float32)[[label]]
    leaf = TreeNodes(np.array([True]), nothing, nothing, nothing, nothing, value)
    return Forest(side_by_side([leaf]))


def grow_forest(
    rows: NDArray[np.float32],
    labels: NDArray[np.intp],
    classes: int,
    *,
    trees: int,
    smallest_leaf: int,
    share: float,
    seed: int,
) -> Forest:
    """Fit to rows and their classes, not all of which need occur.

    Args:
        smallest_leaf: rows that each leaf holds at least.
        share: of the features, that a split may choose from.
    """
    model = ExtraTreesClassifier(
        trees,
        min_samples_leaf=smallest_leaf,
        max_features=share,
        class_weight="balanced",
        random_state=seed,
    )
    model.fit(rows, labels)
    return Forest(
        side_by_side([_nodes(one.tree_, model.classes_, classes) for one in model.estimators_])
    )


def _nodes(tree: Any, known: NDArray[np.intp], classes: int) -> TreeNodes:
    """One of scikit-learn's trees, its columns spread to those of all classes."""
    share = tree.value[:, 0]
    value = np.zeros((len(share), classes), dtype=np.float32)
    value[:, known] = share / share.sum(axis=1, keepdims=True)
    left = tree.children_left
    return TreeNodes(
        leaf=left < 0,
        feature=tree.feature,
        threshold=tree.threshold,
        left=left,
        right=tree.children_right,
        value=value,
    )
