"""Does a document start with this page? Asked of a page, its neighbours and what they share.

A regularised logistic regression, boosted trees and a forest answer, and their logits are
averaged: they are wrong at different places. With `encoder=lstm` a bidirectional LSTM, which sees
all of the stream, is one voice more. The linear one sees its inputs clipped, as the LSTM does, the
trees saturate by themselves, and the outcome is clipped too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from common.job.tables import SequenceHyperparameters
from common.models.arrays import Arrays, below, part
from common.models.boosted_trees import (
    BoostedTrees,
    always,
    grow_boosted_trees,
    load_boosted_trees,
)
from common.models.boundary_network import (
    BoundaryNetwork,
    fit_boundary_network,
    load_boundary_network,
)
from common.models.forest import Forest, always_one_class, grow_forest, load_forest
from common.models.linear_classifier import (
    LinearClassifier,
    always_scoring,
    fit_linear_classifier,
)
from common.pages.evidence import StreamFeatures

_MOST = 6.0  # of the outcome's logit, either way
_WEAKNESS = 0.03  # of the linear model's L2 penalty
_BOOSTED, _LEAVES = 300, 8
_FOREST, _SMALLEST_LEAF = 100, 2  # trees, and pairs of pages in a leaf, copies apart
_SHARE = 0.3  # of the features that a split of the forest may choose from
_SURE = 0.003  # the forest's probabilities are clipped here


@dataclass(frozen=True)
class BoundaryScorer:
    """Classes of the linear model and the forest: it continues a document, it starts one."""

    linear: LinearClassifier
    boosted: BoostedTrees
    forest: Forest
    network: BoundaryNetwork | None = None

    def logits(self, stream: StreamFeatures) -> NDArray[np.float64]:
        """Logit that a document starts with each page, [pages]; 0 for the first, which must."""
        return together(self.voices(stream))

    def voices(self, stream: StreamFeatures) -> NDArray[np.float64]:
        """What each scorer says, [pages, voices]; 0 for the first page."""
        rows = stream.with_context()
        continues, begins = self.linear.scores(rows).T
        chance = np.clip(self.forest.probabilities(rows)[:, 1], _SURE, 1 - _SURE)
        voices = [begins - continues, self.boosted.logits(rows), logit(chance)]
        if self.network is not None:
            voices.append(self.network.logits(stream))
        said = np.stack(voices, axis=1)
        said[0] = 0
        return said

    def arrays(self) -> Arrays:
        return {
            **below("linear", self.linear.arrays()),
            **below("boosted", self.boosted.arrays()),
            **below("forest", self.forest.arrays()),
            **below("network", self.network.arrays() if self.network else {}),
        }


def load_boundary_scorer(arrays: Arrays) -> BoundaryScorer:
    """The scorer that `BoundaryScorer.arrays` gave."""
    network = part("network", arrays)
    return BoundaryScorer(
        linear=LinearClassifier(**part("linear", arrays)),
        boosted=load_boosted_trees(part("boosted", arrays)),
        forest=load_forest(part("forest", arrays)),
        network=load_boundary_network(network) if network else None,
    )


def fit_boundary_scorer(
    streams: Sequence[StreamFeatures],
    starts: Sequence[NDArray[np.bool_]],
    *,
    copies: int,
    hyperparameters: SequenceHyperparameters,
) -> BoundaryScorer:
    """Fit on streams of whole documents; starts bool [pages] of each.

    Where every page, or none, starts a document, the scorer says so of any page.

    Args:
        copies: how often each document comes.
    """
    seed = hyperparameters.seed
    rows = np.concatenate([stream.with_context()[1:] for stream in streams])
    answers = np.concatenate([start[1:] for start in starts])
    if answers.all() or not answers.any():
        sure = _MOST if answers.all() else -_MOST
        linear = always_scoring(np.array([0, sure]), width=rows.shape[1])
        leaf = always_one_class(int(answers.all()), classes=2)
        return BoundaryScorer(linear, always(sure), leaf)
    labels = answers.astype(np.intp)
    linear = fit_linear_classifier(rows, labels, 2, weakness=_WEAKNESS, balanced=False)
    boosted = grow_boosted_trees(rows, answers, trees=_BOOSTED, leaves=_LEAVES, seed=seed)
    forest = grow_forest(
        rows,
        labels,
        2,
        trees=_FOREST,
        smallest_leaf=_SMALLEST_LEAF * copies,
        share=_SHARE,
        seed=seed,
    )
    network = None
    if hyperparameters.encoder == "lstm":
        network = fit_boundary_network(
            streams, starts, copies=copies, hyperparameters=hyperparameters
        )
    return BoundaryScorer(linear, boosted, forest, network)


def together(voices: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the voices, [pages], clipped."""
    return np.clip(voices.mean(axis=1), -_MOST, _MOST)


def apart(voices: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each voice is from their mean, [pages, voices], clipped."""
    return np.clip(voices - voices.mean(axis=1, keepdims=True), -_MOST, _MOST)
