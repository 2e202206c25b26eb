"""What a base model alone would say, with the simplest smoothing: the mark for the ensemble.

A document starts with page i where the mean of logit(first_page[i]) and logit(last_page[i−1])
is above 0: the two heads' opinions of one boundary, pooled with equal weight. The label of a
segment is the class with the largest mean log-probability over its pages; its confidence is that
mean, normalised over the classes. A page that the model could not read has no say in either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, softmax

from common.job.errors import ClientError
from common.pages.outputs import PageOutputs
from common.pages.page import PageKey
from common.results.predictions import PagePrediction, Predictions
from common.results.segments import Alternative, Segment, cut, number_documents

FLOOR = 1e-6  # probabilities closer to 0 or 1 count as this close: no head may outshout all others
ALTERNATIVES = 3
UNDECIDED = "no threshold is set for a base model alone"


def baseline(outputs: PageOutputs) -> Predictions:
    """Segments from one base model's page outputs.

    Every segment has the status `review`: a base model alone decides nothing.

    Args:
        outputs: pages in reading order, streams one after another.
    """
    keys = outputs.keys
    starting = _start_probability(outputs)
    segment_rows = cut(keys, starting > 0.5)
    numbers = number_documents(keys, segment_rows)
    pages: list[PagePrediction] = []
    segments: list[Segment] = []
    for rows, document in zip(segment_rows, numbers, strict=True):
        segment, classes = _label(outputs, rows, document)
        segments.append(segment)
        pages += [
            PagePrediction(
                stream=keys[row][0],
                page=keys[row][1],
                document=document,
                label=segment.label,
                confidence=segment.confidence,
                first_page=starting[row],
                probabilities=classes,
            )
            for row in rows
        ]
    return Predictions(pages, segments, streams=[])


def _start_probability(outputs: PageOutputs) -> NDArray[np.float64]:
    """Probability that a document starts with each page, 1 on a stream's first, shape [pages]."""
    first, last = _bounded_logit(outputs.first_page), _bounded_logit(outputs.last_page)
    say = outputs.present.astype(np.float64)
    opinions = say + np.roll(say, 1)
    pooled = (first * say + np.roll(last * say, 1)) / np.maximum(opinions, 1)
    new_stream = np.append(True, outputs.stream[1:] != outputs.stream[:-1])
    return np.where(new_stream, 1.0, expit(pooled))


def _bounded_logit(probability: NDArray[np.float32]) -> NDArray[np.float64]:
    return logit(np.clip(probability.astype(np.float64), FLOOR, 1 - FLOOR))


def _label(outputs: PageOutputs, rows: range, document: int) -> tuple[Segment, dict[str, float]]:
    """The segment over the given rows, and its distribution over the classes."""
    here = slice(rows.start, rows.stop)
    readable = outputs.present[here]
    probabilities = outputs.probabilities[here].astype(np.float64)
    opinions = probabilities[readable] if readable.any() else probabilities
    distribution = softmax(np.log(np.maximum(opinions, FLOOR)).mean(axis=0))
    ranked = [
        Alternative(outputs.classes[index], distribution[index])
        for index in np.argsort(-distribution, kind="stable")
    ]
    segment = Segment(
        stream=str(outputs.stream[rows.start]),
        document=document,
        first_page=outputs.page[rows.start],
        last_page=outputs.page[rows[-1]],
        label=ranked[0].label,
        confidence=ranked[0].confidence,
        alternatives=tuple(ranked[1 : 1 + ALTERNATIVES]),
        status="review",
        reasons=(UNDECIDED,),
    )
    return segment, dict(zip(outputs.classes, distribution.tolist(), strict=True))


def mean_of(first: PageOutputs, second: PageOutputs) -> PageOutputs:
    """Both models' probabilities averaged where both read the page, else those of the one that did.

    Pages and order are those of `first`, classes those of either (a class that one of them does
    not know has probability 0 there). Embeddings and descriptors are left behind.

    Raises:
        ClientError: `second` lacks a page of `first`.
    """
    second = outputs_of(first.keys, second)
    classes = tuple(sorted({*first.classes, *second.classes}))
    mine, yours = _shares(first.present, second.present)
    mixed = {
        name: (mine * getattr(first, name) + yours * getattr(second, name)).astype(np.float32)
        for name in ("first_page", "last_page")
    }
    probabilities = mine[:, None] * _spread(first, classes) + yours[:, None] * _spread(
        second, classes
    )
    return replace(
        first,
        kind="mean",
        classes=classes,
        probabilities=probabilities.astype(np.float32),
        present=first.present | second.present,
        embedding=np.zeros((len(first), 0), dtype=np.float16),
        descriptors={},
        **mixed,
    )


def _shares(
    first: NDArray[np.bool_], second: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights of the two models on each page; ½ each where neither could read it."""
    mine: NDArray[np.float64] = np.where(first == second, 0.5, first.astype(np.float64))
    return mine, 1 - mine


def _spread(outputs: PageOutputs, classes: Sequence[str]) -> NDArray[np.float64]:
    """Probabilities in the columns of `classes`."""
    wide = np.zeros((len(outputs), len(classes)))
    wide[:, [classes.index(label) for label in outputs.classes]] = outputs.probabilities
    return wide


def outputs_of(keys: Sequence[PageKey], outputs: PageOutputs) -> PageOutputs:
    """The outputs of the given pages, in that order.

    Raises:
        ClientError: some of the pages have none.
    """
    missing = outputs.lacking(keys)
    if missing:
        stream, page = missing[0]
        raise ClientError(
            f"pages without {outputs.kind} outputs: {len(missing)}, the first is page {page} of "
            f"stream '{stream}'. Predict and evaluate with the same channel."
        )
    return outputs.of_pages(keys)
