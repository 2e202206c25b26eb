"""A few shared scalars that weigh what boundary scorer, document classifier and lengths say.

They are learnt by the exact likelihood of true segmentations, on parts that were made out of fold:
weights learnt on parts that know the answers would trust them too much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

from common.models.segmental_crf import Counts, SegmentalScores, expected_counts, run_messages
from common.models.segmental_paths import Truth, path_counts, path_scores

Floats = NDArray[np.float64]
_STEPS = 60
_PULL = 2.0  # strength of the pull towards the weights that learning starts from


@dataclass(frozen=True)
class Parts:
    """What is weighed, of streams side by side, padded at their end.

    Shapes: lengths int [streams]; boundary [streams, pages], logits; document [streams, pages,
    limit, classes], log-probabilities by first page and length; table [limit, classes]; tail
    [classes].
    """

    lengths: NDArray[np.intp]
    boundary: Floats
    document: Floats
    table: Floats
    tail: Floats


@dataclass(frozen=True)
class Weights:
    """Scalars; label [classes]."""

    boundary: float
    start: float
    length: float
    document: float
    label: Floats

    def scores(self, parts: Parts) -> SegmentalScores:
        start = self.boundary * parts.boundary + self.start
        first = start[:, :, None] + self.label
        return SegmentalScores(
            first=first,
            continuation=np.zeros_like(first),
            lengths=parts.lengths,
            length=self.length * parts.table,
            tail=self.length * parts.tail,
            document=self.document * parts.document,
        )

    def gradient(self, parts: Parts, counts: Counts) -> Floats:
        """Of a loss with respect to `vector()`, given its gradient with respect to the scores."""
        if counts.document is None:
            raise ValueError("counts without a document term")
        scalars = [
            (counts.first.sum(axis=2) * parts.boundary).sum(),
            counts.first.sum(),
            (counts.length * parts.table).sum() + (counts.tail * parts.tail).sum(),
            (counts.document * parts.document).sum(),
        ]
        return np.concatenate([scalars, counts.first.sum(axis=(0, 1))])

    def vector(self) -> Floats:
        scalars = [self.boundary, self.start, self.length, self.document]
        return np.concatenate([scalars, self.label])


def from_vector(vector: Floats) -> Weights:
    """The weights whose `vector()` this is."""
    boundary, start, length, document = vector[:4].tolist()
    return Weights(boundary, start, length, document, vector[4:])


def sensible_weights(classes: int) -> Weights:
    """Where learning starts, and where it stays if there is little to learn from."""
    return Weights(1.0, 0.0, 0.4, 1.5, np.zeros(classes))


def loss(scores: SegmentalScores, truths: Sequence[Truth]) -> float:
    """Negative log-likelihood, summed over streams."""
    return float((run_messages(scores).log_partition - path_scores(scores, truths)).sum())


def fit_weights(
    parts: Sequence[Parts],
    truths: Sequence[Sequence[Truth]],
    *,
    copies: int,
    after_step: Callable[[Weights, float], None],
) -> Weights:
    """Minimise the negative log-likelihood of all streams, by L-BFGS.

    Args:
        copies: how often each document comes; copies are no further evidence.
        after_step: is told of the weights and the loss of a document after every step.
    """
    start = sensible_weights(len(parts[0].tail)).vector()
    true = [
        path_counts(Weights.scores(from_vector(start), one), own)
        for one, own in zip(parts, truths, strict=True)
    ]
    documents = sum(one.first.sum() for one in true) / copies

    def objective(vector: Floats) -> tuple[float, Floats]:
        weights = from_vector(vector)
        away = vector - start
        total, gradient = float(_PULL / 2 * away @ away), _PULL * away
        for one, own, counted in zip(parts, truths, true, strict=True):
            scores = weights.scores(one)
            messages = run_messages(scores)
            total += float((messages.log_partition - path_scores(scores, own)).sum()) / copies
            excess = difference(expected_counts(scores, messages), counted)
            gradient = gradient + weights.gradient(one, excess) / copies
        return total, gradient

    def report(intermediate_result: OptimizeResult) -> None:
        step = intermediate_result
        after_step(from_vector(step.x), float(step.fun) / documents)

    options = {"maxiter": _STEPS, "ftol": 1e-6}
    found = minimize(
        objective, start, jac=True, method="L-BFGS-B", callback=report, options=options
    )
    return from_vector(found.x)


def difference(expected: Counts, true: Counts) -> Counts:
    """Of everything but changes of class, which nothing weighs."""
    names = ("first", "continuation", "length", "tail", "document")
    return Counts(**{n: getattr(expected, n) - getattr(true, n) for n in names}, change=None)
