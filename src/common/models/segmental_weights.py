"""What boundary scorer, document classifier and lengths say, weighed.

The weights are learnt by the exact likelihood of true segmentations, on parts that were made out of
fold: weights learnt on parts that know the answers would trust them too much. At first a few
scalars, shared by all classes and by the boundary scorer's voices; then, if it is asked for, one
for each, held to these.
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
_HOLD = 5.0  # the same of what each class and voice has for itself


@dataclass(frozen=True)
class Parts:
    """What is weighed, of streams side by side, padded at their end.

    Shapes: lengths int [streams]; boundary [streams, pages], logits; voices [streams, pages,
    voices], how far each of the boundary scorer's is from their mean; document [streams, pages,
    limit, classes], log-probabilities by first page and length; table [limit, classes]; tail
    [classes].
    """

    lengths: NDArray[np.intp]
    boundary: Floats
    voices: Floats
    document: Floats
    table: Floats
    tail: Floats


@dataclass(frozen=True)
class Weights:
    """voices [voices]; length, document and label [classes]."""

    boundary: float
    start: float
    voices: Floats
    length: Floats
    document: Floats
    label: Floats

    def scores(self, parts: Parts) -> SegmentalScores:
        start = self.boundary * parts.boundary + parts.voices @ self.voices + self.start
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
        start = counts.first.sum(axis=2)
        return np.concatenate(
            [
                [(start * parts.boundary).sum(), start.sum()],
                np.tensordot(start, parts.voices, axes=2),
                (counts.length * parts.table).sum(axis=0) + counts.tail * parts.tail,
                np.einsum("splk,splk->k", counts.document, parts.document),
                counts.first.sum(axis=(0, 1)),
            ]
        )

    def vector(self) -> Floats:
        own = (self.voices, self.length, self.document, self.label)
        return np.concatenate([[self.boundary, self.start], *own])


def from_vector(vector: Floats, classes: int) -> Weights:
    """The weights whose `vector()` this is."""
    voices, length, document, label = np.split(vector[2:], -np.arange(3, 0, -1) * classes)
    return Weights(float(vector[0]), float(vector[1]), voices, length, document, label)


def sensible_weights(classes: int, voices: int) -> Weights:
    """Where learning starts, and where it stays if there is little to learn from."""
    each = np.ones(classes)
    return Weights(1.0, 0.0, np.zeros(voices), 0.4 * each, 1.5 * each, 0 * each)


def shared(classes: int, voices: int) -> Floats:
    """Directions in which all classes and voices go together, [weights, directions]."""
    ties = np.eye(2 + voices + 3 * classes)
    length, document = 2 + voices, 2 + voices + classes
    ties[:, length] = ties[:, length:document].sum(axis=1)
    ties[:, document] = ties[:, document : document + classes].sum(axis=1)
    return ties[:, [0, 1, length, document, *range(document + classes, len(ties))]]


def loss(scores: SegmentalScores, truths: Sequence[Truth]) -> float:
    """Negative log-likelihood, summed over streams."""
    return float((run_messages(scores).log_partition - path_scores(scores, truths)).sum())


AfterStep = Callable[[Weights, float], None]  # told of weights and mean loss of a document


@dataclass(frozen=True)
class Likelihood:
    """What is learnt from: parts made out of fold, and what is true of their streams.

    `copies`: how often each document comes; copies are no further evidence.
    """

    parts: Sequence[Parts]
    truths: Sequence[Sequence[Truth]]
    copies: int


def fit_weights(likelihood: Likelihood, after_step: AfterStep) -> Weights:
    """The scalars that minimise the negative log-likelihood of all streams."""
    sizes = len(likelihood.parts[0].tail), likelihood.parts[0].voices.shape[2]
    return _descend(likelihood, sensible_weights(*sizes), shared(*sizes), _PULL, after_step)


def refine_weights(weights: Weights, likelihood: Likelihood, after_step: AfterStep) -> Weights:
    """The same, from what `fit_weights` found, each class and each voice by itself."""
    return _descend(likelihood, weights, np.eye(len(weights.vector())), _HOLD, after_step)


def _descend(
    likelihood: Likelihood,
    start: Weights,
    directions: Floats,
    pull: float,
    after_step: AfterStep,
) -> Weights:
    """Minimise by L-BFGS, along the directions, with an L2 pull on the way along each."""
    parts, truths, copies = likelihood.parts, likelihood.truths, likelihood.copies
    classes = len(start.label)
    true = [path_counts(start.scores(one), own) for one, own in zip(parts, truths, strict=True)]
    documents = sum(one.first.sum() for one in true) / copies

    def at(way: Floats) -> Weights:
        return from_vector(start.vector() + directions @ way, classes)

    def objective(way: Floats) -> tuple[float, Floats]:
        weights = at(way)
        total, gradient = float(pull / 2 * way @ way), pull * way
        for one, own, counted in zip(parts, truths, true, strict=True):
            scores = weights.scores(one)
            messages = run_messages(scores)
            total += float((messages.log_partition - path_scores(scores, own)).sum()) / copies
            excess = difference(expected_counts(scores, messages), counted)
            gradient = gradient + weights.gradient(one, excess) @ directions / copies
        return total, gradient

    def report(intermediate_result: OptimizeResult) -> None:
        step = intermediate_result
        after_step(at(step.x), float(step.fun) / documents)

    options = {"maxiter": _STEPS, "ftol": 1e-6}
    nowhere = np.zeros(directions.shape[1])
    found = minimize(
        objective, nowhere, jac=True, method="L-BFGS-B", callback=report, options=options
    )
    return at(found.x)


def difference(expected: Counts, true: Counts) -> Counts:
    """Of everything but changes of class, which nothing weighs."""
    names = ("first", "continuation", "length", "tail", "document")
    return Counts(**{n: getattr(expected, n) - getattr(true, n) for n in names}, change=None)
