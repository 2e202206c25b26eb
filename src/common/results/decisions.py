"""From posteriors to predictions: what is accepted, what a person should look at, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from common.pages.channel import Channel
from common.pages.evidence import Evidence
from common.pages.posteriors import StreamPosteriors
from common.results.acceptance import Acceptance
from common.results.novelty import Familiarity, familiarity
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
    seen: Familiarity,
) -> Predictions:
    """Pages, segments and readings of every stream of the channel, in its order.

    Args:
        threshold: confidence from which a segment is accepted, if it may pass.
        seen: how much is known of each page of the channel.
    """
    pages: list[PagePrediction] = []
    segments: list[Segment] = []
    for rows, found in zip(channel.streams, posteriors, strict=True):
        stream = _Stream(channel, classes, rows, found, threshold, seen)
        for document, span in enumerate(found.spans, start=1):
            segments.append(stream.segment(document, span))
            pages += [stream.page(document, position) for position in span]
    return Predictions(pages, segments, stream_predictions(channel, classes, posteriors))


def decided(
    channel: Channel,
    classes: Sequence[str],
    evidence: Evidence,
    posteriors: Sequence[StreamPosteriors],
    acceptance: Acceptance,
) -> Predictions:
    """The predictions where what may be accepted is as an ensemble keeps it.

    Args:
        evidence: what the base models say of the channel's pages.
    """
    seen = familiarity(acceptance.known_pages, evidence)
    return predictions_of(channel, classes, posteriors, acceptance.threshold.threshold, seen)


@dataclass(frozen=True)
class _Stream:
    """One stream: its rows in the channel, what was found, and what it takes to be accepted."""

    channel: Channel
    classes: Sequence[str]
    rows: range
    found: StreamPosteriors
    threshold: float
    seen: Familiarity

    def page(self, document: int, position: int) -> PagePrediction:
        row = self.rows[position]
        page, label = self.channel.pages[row], int(self.found.labels[position])
        probability = self.found.class_probability[position]
        return PagePrediction(
            stream=page.stream,
            page=page.page,
            document=document,
            label=self.classes[label],
            confidence=float(probability[label]),
            first_page=float(self.found.boundary[position]),
            probabilities=dict(zip(self.classes, probability.tolist(), strict=True)),
            novelty=float(self.seen.novelty[row]),
        )

    def segment(self, document: int, span: range) -> Segment:
        own = self.rows[span.start : span.stop]
        label = int(self.found.labels[span.start])
        by_class = self.found.segment[document - 1]
        confidence = float(by_class[label])
        others = [other for other in np.argsort(-by_class, kind="stable") if other != label]
        accepted = confidence >= self.threshold and self.seen.may_pass(own)
        return Segment(
            stream=self.channel.pages[own[0]].stream,
            document=document,
            first_page=self.channel.pages[own[0]].page,
            last_page=self.channel.pages[own[-1]].page,
            label=self.classes[label],
            confidence=confidence,
            alternatives=tuple(
                Alternative(self.classes[other], float(by_class[other]))
                for other in others[:ALTERNATIVES]
            ),
            status="accepted" if accepted else "review",
            reasons=() if accepted else self._reasons(span),
            novelty=self.seen.of_document(own),
        )

    def _reasons(self, span: range) -> tuple[str, ...]:
        """Why a segment is for a person, the most telling first; never empty."""
        reasons = [*self._unknown(span), *self._doubts(span), *self._lacks(span)]
        none_set = self.threshold >= NOTHING
        otherwise = "no threshold could be set" if none_set else "confidence below the threshold"
        return tuple(reasons) or (otherwise,)

    def _unknown(self, span: range) -> Iterator[str]:
        own = self.rows[span.start : span.stop]
        if self.seen.has_blank(own):
            yield "a page with nothing to read"
        if self.seen.unlike(own):
            yield "unlike the training pages"

    def _doubts(self, span: range) -> Iterator[str]:
        boundary, label = self.found.boundary, int(self.found.labels[span.start])
        if boundary[span.start] < _DOUBT:
            yield "uncertain boundary at its first page"
        if span.stop < len(self.rows) and boundary[span.stop] < _DOUBT:
            yield "uncertain boundary after its last page"
        if boundary[span.start + 1 : span.stop].max(initial=0) > 1 - _DOUBT:
            yield "may hold another document"
        if self.found.class_probability[span.start : span.stop, label].min() < _DOUBT:
            yield "two labels are possible"

    def _lacks(self, span: range) -> Iterator[str]:
        pages = [self.channel.pages[row] for row in self.rows[span.start : span.stop]]
        if not all(page.has_text for page in pages) and self.channel.has_texts:
            yield "a page without text"
        if not all(page.has_image for page in pages) and self.channel.has_images:
            yield "a page without bitmap"
