"""Boosted trees, grown by scikit-learn and kept as plain arrays, with nothing in them to run."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

Arrays = dict[str, NDArray]


@dataclass(frozen=True)
class BoostedTrees:
    """Trees whose leaves add up to a logit.

    Shapes: roots int [trees], places of the trees' roots among all nodes; feature, left and right
    int [nodes], threshold and value float64 [nodes]. A row goes left where its feature is at most
    the threshold; a leaf is its own left and right. base: the logit before any tree.
    """

    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float64]
    base: float

    def logits(self, rows: NDArray) -> NDArray[np.float64]:
        """Logit of each row, float64 [rows]."""
        node = np.tile(self.roots, (len(rows), 1))
        which = np.arange(len(rows))[:, None]
        while True:
            left = rows[which, self.feature[node]] <= self.threshold[node]
            following = np.where(left, self.left[node], self.right[node])
            if np.array_equal(following, node):
                return self.base + self.value[node].sum(axis=1)
            node = following

    def arrays(self) -> Arrays:
        return {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}


def from_arrays(arrays: Arrays) -> BoostedTrees:
    """The trees that `BoostedTrees.arrays` gave."""
    values: dict[str, Any] = {**arrays, "base": float(arrays["base"])}
    return BoostedTrees(**values)


def grow(
    rows: NDArray, answers: NDArray[np.bool_], *, trees: int, leaves: int, seed: int
) -> BoostedTrees:
    """Fit trees to a yes-or-no question that has both answers."""
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
    return _exported(model.fit(rows, answers))


def _exported(model: HistGradientBoostingClassifier) -> BoostedTrees:
    """scikit-learn has no public way to its trees' nodes; a test holds these against its own."""
    parts = [predictor.nodes for (predictor,) in model._predictors]
    roots = np.cumsum([0, *[len(part) for part in parts[:-1]]])
    shift = np.repeat(roots, [len(part) for part in parts])
    nodes = np.concatenate(parts)
    leaf, here = nodes["is_leaf"] != 0, np.arange(len(nodes))
    return BoostedTrees(
        roots=roots.astype(np.int32),
        feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.int32),
        threshold=np.where(leaf, 0.0, nodes["num_threshold"]),
        left=np.where(leaf, here, nodes["left"] + shift).astype(np.int32),
        right=np.where(leaf, here, nodes["right"] + shift).astype(np.int32),
        value=np.where(leaf, nodes["value"], 0.0),
        base=float(model._baseline_prediction.item()),
    )
