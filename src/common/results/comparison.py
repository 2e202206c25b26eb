"""Truth and prediction of the same pages side by side, stream by stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.cluster import contingency_matrix

from common.pages.channel import Channel
from common.results.predictions import PagePrediction, in_channel_order
from common.results.readings import StreamPrediction
from common.results.segments import Segment, segment_of_pages, true_segments


@dataclass(frozen=True)
class StreamComparison:
    """One stream. Segments are numbered from 0 in page order, classes as in Comparison.labels.

    `confidence` is that of the stream as a whole, nan where nobody said it.

    Shapes: the first five [pages], true_labels [true segments], the others [predicted segments].
    """

    name: str
    true_segment: NDArray[np.intp]  # of each page
    predicted_segment: NDArray[np.intp]
    true_page_label: NDArray[np.intp]
    predicted_page_label: NDArray[np.intp]
    page_confidence: NDArray[np.float64]
    true_labels: NDArray[np.intp]  # of each true segment
    predicted_labels: NDArray[np.intp]  # of each predicted segment
    segment_confidence: NDArray[np.float64]
    accepted: NDArray[np.bool_]
    confidence: float

    def __len__(self) -> int:
        return len(self.true_segment)

    @cached_property
    def overlap(self) -> NDArray[np.int64]:
        """Pages that each true and predicted segment share, shape [true, predicted]."""
        return contingency_matrix(self.true_segment, self.predicted_segment)

    @cached_property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union of each true and predicted segment, [true, predicted]."""
        true_lengths = self.overlap.sum(axis=1, keepdims=True)
        lengths = self.overlap.sum(axis=0, keepdims=True)
        return self.overlap / (true_lengths + lengths - self.overlap)

    @cached_property
    def twin(self) -> NDArray[np.intp]:
        """The true segment with the same pages for each predicted one, else -1."""
        same = self.iou == 1
        return np.where(same.any(axis=0), same.argmax(axis=0), -1)

    @cached_property
    def exact(self) -> NDArray[np.bool_]:
        """Predicted segments both of whose ends are right."""
        return self.twin >= 0

    @cached_property
    def exact_with_label(self) -> NDArray[np.bool_]:
        """Predicted segments with both ends and the label right."""
        return self.exact & (self.true_labels[self.twin] == self.predicted_labels)

    @property
    def flawless(self) -> np.bool_:
        """Is every boundary and every label right?"""
        return self.exact_with_label.all()

    @property
    def true_boundary(self) -> NDArray[np.bool_]:
        """Does a document start with each page but the first? Shape [pages - 1]."""
        return np.diff(self.true_segment) != 0

    @property
    def predicted_boundary(self) -> NDArray[np.bool_]:
        return np.diff(self.predicted_segment) != 0


@dataclass(frozen=True)
class Comparison:
    """All streams of a channel, in reading order."""

    labels: tuple[str, ...]  # sorted names of the classes in truth or prediction
    streams: tuple[StreamComparison, ...]

    def each(self, name: str) -> NDArray:
        """One attribute of every stream, joined in reading order."""
        return np.concatenate([getattr(stream, name) for stream in self.streams])


def compare(
    channel: Channel,
    pages: Sequence[PagePrediction],
    segments: Sequence[Segment],
    whole: Sequence[StreamPrediction] = (),
) -> Comparison:
    """Put predictions beside the labels of the channel.

    Args:
        whole: what is said of streams as a whole.

    Raises:
        ClientError: there are pages without prediction, or predictions without page.
        ValueError: the channel has no labels, or the segments do not cover every page once.
    """
    pages = in_channel_order(channel, pages)
    truth = true_segments(channel)
    known = {segment.label for segment in (*truth, *segments)} | {page.label for page in pages}
    labels = tuple(sorted(known))
    keys = channel.keys
    true_of_page = segment_of_pages(keys, truth)
    predicted_of_page = segment_of_pages(keys, segments)
    confidence = {found.stream: found.confidence for found in whole}
    streams = []
    for rows in channel.streams:
        here = slice(rows.start, rows.stop)
        streams.append(
            _compare_stream(
                _resolve(truth, true_of_page[here]),
                _resolve(segments, predicted_of_page[here]),
                pages[here],
                labels,
                confidence.get(channel.pages[rows.start].stream, np.nan),
            )
        )
    return Comparison(labels, tuple(streams))


def _resolve(segments: Sequence[Segment], positions: NDArray[np.intp]) -> list[Segment]:
    return [segments[position] for position in positions]


def _compare_stream(
    truth: Sequence[Segment],
    prediction: Sequence[Segment],
    pages: Sequence[PagePrediction],
    labels: Sequence[str],
    confidence: float,
) -> StreamComparison:
    """One stream, from the true and the predicted segment of each of its pages."""
    index = {label: position for position, label in enumerate(labels)}
    true_starts, true_segment = _number(truth)
    starts, predicted_segment = _number(prediction)
    found = [prediction[row] for row in starts]
    return StreamComparison(
        name=truth[0].stream,
        true_segment=true_segment,
        predicted_segment=predicted_segment,
        true_page_label=np.array([index[segment.label] for segment in truth]),
        predicted_page_label=np.array([index[page.label] for page in pages]),
        page_confidence=np.array([page.confidence for page in pages]),
        true_labels=np.array([index[truth[row].label] for row in true_starts]),
        predicted_labels=np.array([index[segment.label] for segment in found]),
        segment_confidence=np.array([segment.confidence for segment in found]),
        accepted=np.array([segment.status == "accepted" for segment in found]),
        confidence=confidence,
    )


def _number(segment_of_page: Sequence[Segment]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows where a segment starts, and each page's segment counted from 0."""
    starts = np.array(
        [
            row == 0 or segment is not segment_of_page[row - 1]
            for row, segment in enumerate(segment_of_page)
        ]
    )
    return np.flatnonzero(starts), np.cumsum(starts) - 1
