"""From posteriors to predictions: what is accepted, what a person should look at, and why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from common.pages.channel import Channel
from common.pages.posteriors import StreamPosteriors
from common.results.predictions import PagePrediction, Predictions
from common.results.readings import stream_predictions
from common.results.segments import Alternative, Segment
from common.results.threshold import NOTHING

ALTERNATIVES = 3  # other classes that a segment lists
_DOUBT = 0.9  # a boundary or a label below this is a reason for review


def predictions_of(
    channel: Channel,
    classes: Sequence[str],
    posteriors: Sequence[StreamPosteriors],
    threshold: float,
) -> Predictions:
    """Pages, segments and readings of every stream of the channel, in its order."""
    pages: list[PagePrediction] = []
    segments: list[Segment] = []
    for rows, found in zip(channel.streams, posteriors, strict=True):
        for document, span in enumerate(found.spans, start=1):
            segment = _segment(channel, classes, rows, found, document, span, threshold)
            segments.append(segment)
            pages += [_page(channel, classes, rows, found, document, position) for position in span]
    return Predictions(pages, segments, stream_predictions(channel, classes, posteriors))


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
