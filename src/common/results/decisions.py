"""From posteriors to predictions: what is accepted, what a person should look at, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from common.pages.channel import Channel
from common.pages.posteriors import StreamPosteriors
from common.results.predictions import PagePrediction, Predictions
from common.results.ranking import by_confidence
from common.results.segments import Alternative, Segment

ALTERNATIVES = 3  # other classes that a segment lists
_DOUBT = 0.9  # a boundary or a label below this is a reason for review
_ALPHA = 0.05
NOTHING = 1.01  # a threshold that no confidence reaches


@dataclass(frozen=True)
class Threshold:
    """The confidence from which segments are accepted, and what it rests on.

    `precision` was reached on the `accepted` of `segments` validation segments; `lower_bound` is
    its one-sided 95 % Clopper–Pearson bound, as if the threshold had been set on other segments.
    """

    threshold: float
    target_precision: float
    segments: int
    accepted: int
    precision: float
    lower_bound: float

    def __str__(self) -> str:
        if self.accepted:
            return (
                f"accepted from confidence {self.threshold:.3f}: {self.accepted} of "
                f"{self.segments} segments of validation, {self.precision:.3f} of them right, "
                f"which promises {self.lower_bound:.3f} "
                "(95 % bound, as if the threshold had been set on others)"
            )
        nothing = f"nothing is accepted: target_precision is {self.target_precision:g}, and "
        if self.target_precision == 1:
            return nothing + "no number of segments can promise that. Set it lower"
        needed = math.ceil(math.log(_ALPHA) / math.log(self.target_precision))
        if needed > self.segments:
            most = math.floor(100 * _ALPHA ** (1 / self.segments)) / 100
            return nothing + (
                f"to promise that takes {needed} segments of validation without a fault; there "
                f"are {self.segments}. Give more, or set it to {most:g} or lower"
            )
        return nothing + (
            f"no confidence of the {self.segments} segments of validation promises that "
            "(95 % bound). Give more, or set it lower"
        )


def choose_threshold(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], target_precision: float
) -> Threshold:
    """The lowest threshold whose precision one may count on to reach the target.

    That is, whose Clopper–Pearson bound (Biometrika 1934) does: of few segments all may be right
    by luck. Where no bound reaches the target, nothing is accepted. The bound holds for each
    threshold by itself; that the lowest of several is taken makes it a little too kind, where the
    confidences' order says nothing.
    """
    order, ends = by_confidence(confidence)
    hits, taken = np.cumsum(right[order]), np.arange(1, len(order) + 1)
    bound = np.where(hits > 0, beta.ppf(_ALPHA, np.maximum(hits, 1), taken - hits + 1), 0)
    good = np.flatnonzero(ends & (bound >= target_precision))
    if not len(good):
        return Threshold(NOTHING, target_precision, len(order), 0, 0.0, 0.0)
    last = good[-1]
    return Threshold(
        threshold=float(confidence[order][last]),
        target_precision=target_precision,
        segments=len(order),
        accepted=int(taken[last]),
        precision=float(hits[last] / taken[last]),
        lower_bound=float(bound[last]),
    )


def predictions_of(
    channel: Channel,
    classes: Sequence[str],
    posteriors: Sequence[StreamPosteriors],
    threshold: float,
) -> Predictions:
    """Pages and segments of every stream of the channel, in its order."""
    pages: list[PagePrediction] = []
    segments: list[Segment] = []
    for rows, found in zip(channel.streams, posteriors, strict=True):
        for document, span in enumerate(found.spans, start=1):
            segment = _segment(channel, classes, rows, found, document, span, threshold)
            segments.append(segment)
            pages += [_page(channel, classes, rows, found, document, position) for position in span]
    return Predictions(pages, segments)


def _page(
    channel: Channel,
    classes: Sequence[str],
    rows: range,
    found: StreamPosteriors,
    document: int,
    position: int,
) -> PagePrediction:
    page, label = channel.pages[rows[position]], int(found.labels[position])
    probability = found.class_probability[position]
    return PagePrediction(
        stream=page.stream,
        page=page.page,
        document=document,
        label=classes[label],
        confidence=float(probability[label]),
        first_page=float(found.boundary[position]),
        probabilities={name: float(p) for name, p in zip(classes, probability, strict=True)},
    )


def _segment(
    channel: Channel,
    classes: Sequence[str],
    rows: range,
    found: StreamPosteriors,
    document: int,
    span: range,
    threshold: float,
) -> Segment:
    label = int(found.labels[span.start])
    by_class = found.segment[document - 1]
    confidence = float(by_class[label])
    others = [other for other in np.argsort(-by_class, kind="stable") if other != label]
    readable = any(_readable(channel, rows[position]) for position in span)
    accepted = confidence >= threshold and readable
    return Segment(
        stream=channel.pages[rows.start].stream,
        document=document,
        first_page=channel.pages[rows[span.start]].page,
        last_page=channel.pages[rows[span.stop - 1]].page,
        label=classes[label],
        confidence=confidence,
        alternatives=tuple(
            Alternative(classes[other], float(by_class[other])) for other in others[:ALTERNATIVES]
        ),
        status="accepted" if accepted else "review",
        reasons=() if accepted else _reasons(channel, rows, found, span, label, threshold),
    )


def _readable(channel: Channel, row: int) -> bool:
    return channel.pages[row].has_text or channel.pages[row].has_image


def _reasons(
    channel: Channel,
    rows: range,
    found: StreamPosteriors,
    span: range,
    label: int,
    threshold: float,
) -> tuple[str, ...]:
    """Why a segment is for a person, the most telling first; never empty."""
    reasons = []
    if found.boundary[span.start] < _DOUBT:
        reasons.append("uncertain boundary at its first page")
    if span.stop < len(rows) and found.boundary[span.stop] < _DOUBT:
        reasons.append("uncertain boundary after its last page")
    if found.boundary[span.start + 1 : span.stop].max(initial=0) > 1 - _DOUBT:
        reasons.append("may hold another document")
    if found.class_probability[span.start : span.stop, label].min() < _DOUBT:
        reasons.append("two labels are possible")
    pages = [channel.pages[rows[position]] for position in span]
    if not all(page.has_text for page in pages) and channel.has_texts:
        reasons.append("a page without text")
    if not all(page.has_image for page in pages) and channel.has_images:
        reasons.append("a page without bitmap")
    if not any(_readable(channel, rows[position]) for position in span):
        reasons.append("nothing to read on any page")
    none_set = threshold >= NOTHING
    otherwise = "no threshold could be set" if none_set else "confidence below the threshold"
    return tuple(reasons) or (otherwise,)
