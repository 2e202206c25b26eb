"""Readings of a whole stream: the most probable segmentations, and how sure they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field
from pydantic.dataclasses import dataclass

from common.pages.channel import Channel
from common.pages.posteriors import Hypothesis, StreamPosteriors
from common.results.segments import Name, Position, Probability, Segment


@dataclass(frozen=True)
class ReadDocument:
    """A document of a reading, from `first_page` to `last_page`, both included."""

    first_page: Position
    last_page: Position
    label: Name

    def __str__(self) -> str:
        if self.first_page == self.last_page:
            return f"page {self.first_page} {self.label}"
        return f"pages {self.first_page}–{self.last_page} {self.label}"


@dataclass(frozen=True)
class Reading:
    """One way to take a stream apart, and the probability that all of it is right."""

    probability: Probability
    documents: tuple[ReadDocument, ...]


@dataclass(frozen=True)
class StreamPrediction:
    """What is said of a stream as a whole.

    `confidence` is the probability that every one of its segments is right, ends and labels.
    `readings` are the most probable ones, the best first, which is that of the segments.
    """

    stream: Name
    confidence: Probability
    readings: tuple[Reading, ...] = Field(min_length=1)


def stream_predictions(
    channel: Channel, classes: Sequence[str], posteriors: Sequence[StreamPosteriors]
) -> list[StreamPrediction]:
    """One for each stream of the channel, in its order."""
    return [
        StreamPrediction(
            channel.pages[rows.start].stream,
            found.best[0].probability,
            tuple(_reading(channel, classes, rows, one) for one in found.best),
        )
        for rows, found in zip(channel.streams, posteriors, strict=True)
    ]


def _reading(
    channel: Channel, classes: Sequence[str], rows: range, hypothesis: Hypothesis
) -> Reading:
    documents = tuple(
        ReadDocument(
            channel.pages[rows[span.start]].page,
            channel.pages[rows[span.stop - 1]].page,
            classes[hypothesis.labels[span.start]],
        )
        for span in hypothesis.spans
    )
    return Reading(hypothesis.probability, documents)


def differences(found: StreamPrediction) -> list[tuple[float, list[str]]]:
    """Of each reading but the best: its probability, and the documents that the best has not."""
    best, *others = found.readings
    return [
        (other.probability, [str(one) for one in other.documents if one not in best.documents])
        for other in others
    ]


def contradictions(
    streams: Sequence[StreamPrediction], segments: Sequence[Segment]
) -> Iterator[str]:
    """Where the best reading of a stream is not what its segments say."""
    of_stream: dict[str, list[ReadDocument]] = {}
    for one in segments:
        document = ReadDocument(one.first_page, one.last_page, one.label)
        of_stream.setdefault(one.stream, []).append(document)
    for found in streams:
        said = of_stream.get(found.stream, [])
        if sorted(said, key=lambda one: one.first_page) != list(found.readings[0].documents):
            yield f"stream '{found.stream}': the best reading is not that of the segments"
