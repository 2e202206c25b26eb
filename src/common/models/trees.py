"""Decision trees as plain arrays: grown by a library, kept without anything that can run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from common.models.arrays import Arrays, arrays_of

_LEVELS = 4  # that all go down before those that have ended in a leaf are left out


@dataclass(frozen=True)
class Trees:
    """Several trees side by side.

    Shapes: roots int [trees], places of the trees' roots among all nodes; feature, left and right
    int [nodes], threshold float64 [nodes], value [nodes, outputs]. A row goes left where its
    feature is at most the threshold; a leaf is its own left and right.
    """

    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray

    def sums(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Values of the leaves that each row ends in, summed over trees, [rows, outputs]."""
        leaves = self._leaves(rows).T.ravel()
        ends = np.arange(0, leaves.size + 1, len(self.roots))
        shape = len(rows), len(self.value)
        ended = sparse.csr_matrix((np.ones(leaves.size), leaves, ends), shape=shape)
        total: NDArray[np.float64] = ended @ self._summed
        return total

    @cached_property
    def _summed(self) -> NDArray[np.float64]:
        """The values in the precision that they are summed in: each product would convert them."""
        return self.value.astype(np.float64)

    def _leaves(self, rows: NDArray[np.float32]) -> NDArray[np.int32]:
        """Where each row ends in each tree, [trees, rows]: a tree's nodes stay in the cache."""
        values, width = rows.ravel(), rows.shape[1]
        node = np.repeat(self.roots, len(rows))
        begins = np.tile(np.arange(len(rows)) * width, len(self.roots))  # rows, in `values`
        moving = np.arange(len(node))
        while len(moving):
            at, begin = node[moving], begins[moving]
            for _ in range(_LEVELS):
                left = values[begin + self.feature[at]] <= self.threshold[at]
                at = np.where(left, self.left[at], self.right[at])
            node[moving] = at
            moving = moving[self.left[at] != at]
        return node.reshape(len(self.roots), len(rows))

    def arrays(self) -> Arrays:
        return arrays_of(self)


@dataclass(frozen=True)
class TreeNodes:
    """One tree: children are places in this tree, and mean nothing where `leaf`."""

    leaf: NDArray[np.bool_]
    feature: NDArray
    threshold: NDArray
    left: NDArray
    right: NDArray
    value: NDArray  # [nodes, outputs]


def side_by_side(trees: Sequence[TreeNodes]) -> Trees:
    """Put trees into one set of arrays."""
    sizes = [len(tree.leaf) for tree in trees]
    roots = np.cumsum([0, *sizes[:-1]])

    def joined(name: str) -> NDArray:
        return np.concatenate([getattr(tree, name) for tree in trees])

    leaf, shift, here = joined("leaf"), np.repeat(roots, sizes), np.arange(sum(sizes))
    return Trees(
        roots=roots.astype(np.int32),
        feature=np.where(leaf, 0, joined("feature")).astype(np.int32),
        threshold=np.where(leaf, 0.0, joined("threshold")),
        left=np.where(leaf, here, joined("left") + shift).astype(np.int32),
        right=np.where(leaf, here, joined("right") + shift).astype(np.int32),
        value=np.where(leaf[:, None], joined("value"), 0.0).astype(joined("value").dtype),
    )
