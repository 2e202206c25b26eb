"""Boosted trees for a yes-or-no question, grown by scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from common.models.arrays import Arrays
from common.models.trees import TreeNodes, Trees, side_by_side


@dataclass(frozen=True)
class BoostedTrees:
    """Trees whose leaves add up to a logit. base: the logit before any tree."""

    trees: Trees
    base: float

    def logits(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Logit of each row, float64 [rows]."""
        return self.base + self.trees.sums(rows)[:, 0]

    def arrays(self) -> Arrays:
        return {**self.trees.arrays(), "base": np.asarray(self.base)}


def load_boosted_trees(arrays: Arrays) -> BoostedTrees:
    """The trees that `BoostedTrees.arrays` gave."""
    trees = {name: array for name, array in arrays.items() if name != "base"}
    return BoostedTrees(Trees(**trees), float(arrays["base"]))


def always(logit: float) -> BoostedTrees:
    """One tree that is a leaf: the same answer to every row."""
    nothing = np.zeros(1)
    leaf = TreeNodes(np.array([True]), nothing, nothing, nothing, nothing, np.zeros((1, 1)))
    return BoostedTrees(side_by_side([leaf]), logit)


def grow_boosted_trees(
    rows: NDArray[np.float32], answers: NDArray[np.bool_], *, trees: int, leaves: int, seed: int
) -> BoostedTrees:
    """Fit trees to a question that has both answers."""
    model = HistGradientBoostingClassifier(
        max_iter=trees,
        max_leaf_nodes=leaves,
        learning_rate=0.1,
        min_samples_leaf=min(20, max(1, len(rows) // 20)),
        l2_regularization=1.0,
        max_features=0.5,
        early_stopping=False,
        random_state=seed,
    )
    model.fit(rows, answers)
    # There is no public way to the nodes; a test holds these trees against scikit-learn's own.
    nodes = [_nodes(predictor.nodes) for (predictor,) in model._predictors]
    return BoostedTrees(side_by_side(nodes), float(model._baseline_prediction.item()))


def _nodes(nodes: NDArray) -> TreeNodes:
    return TreeNodes(
        leaf=nodes["is_leaf"] != 0,
        feature=nodes["feature_idx"],
        threshold=nodes["num_threshold"],
        left=nodes["left"],
        right=nodes["right"],
        value=nodes["value"][:, None],
    )
