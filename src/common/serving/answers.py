"""What a request gets: a record a stream, as JSON or JSON lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from common.results.predictions import PagePrediction, Predictions
from common.results.readings import Reading
from common.results.segments import Segment
from common.serving.content import JSON, JSON_LINES


@dataclass(frozen=True)
class StreamAnswer:
    """What is said of one stream; `pages` is None where nobody asked for them."""

    stream: str
    confidence: float
    segments: tuple[Segment, ...]
    readings: tuple[Reading, ...]
    pages: tuple[PagePrediction, ...] | None = None


_ANSWER = TypeAdapter(StreamAnswer)


def stream_answers(predictions: Predictions, *, pages: bool) -> list[StreamAnswer]:
    """One for each stream, in order."""
    segments: defaultdict[str, list[Segment]] = defaultdict(list)
    of_pages: defaultdict[str, list[PagePrediction]] = defaultdict(list)
    for segment in predictions.segments:
        segments[segment.stream].append(segment)
    for page in predictions.pages:
        of_pages[page.stream].append(page)
    return [
        StreamAnswer(
            said.stream,
            said.confidence,
            tuple(segments[said.stream]),
            said.readings,
            tuple(of_pages[said.stream]) if pages else None,
        )
        for said in predictions.streams
    ]


def written(answers: Sequence[StreamAnswer], media_type: str) -> bytes:
    """The body of the answer."""
    return joined((_ANSWER.dump_json(answer, exclude_none=True) for answer in answers), media_type)


def joined(records: Iterable[bytes], media_type: str) -> bytes:
    """Records of JSON as one body."""
    if media_type == JSON_LINES:
        return b"".join(record + b"\n" for record in records)
    if media_type == JSON:
        return b'{"streams":[' + b",".join(records) + b"]}\n"
    raise ValueError(f"no such answer: {media_type}")
