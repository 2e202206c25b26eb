"""What the review page knows: streams, their pages with pictures, and their documents, for JSON."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from common.pages.channel import Channel
from common.pages.page import Page, PageKey
from common.results.palette import swatches
from common.results.predictions import PagePrediction, Predictions
from common.results.readings import ReadDocument, Reading, StreamPrediction
from common.results.segments import Segment
from common.results.thumbnails import readable, thumbnail

MOST_PAGES = 5000  # as many as a file may have
ROOM = 32_000_000  # characters, for pictures that can be read: about a thousand pages
TEXT = 1500  # characters of a page
LABELS = 3  # of a page

Json = dict[str, object]


@dataclass(frozen=True)
class _Stream:
    """One stream of the channel and what was found in it, in page order."""

    name: str
    pages: Sequence[Page]
    numbers: Sequence[int]  # of the pages
    said: Sequence[PagePrediction]
    segments: Sequence[Segment]
    whole: StreamPrediction | None

    def ends(self, document: Segment | ReadDocument) -> Json:
        """Its first and last page, by their positions in the stream."""
        return {
            "first": bisect_left(self.numbers, document.first_page),
            "last": bisect_right(self.numbers, document.last_page) - 1,
        }

    @property
    def doubtful(self) -> list[Segment]:
        return [segment for segment in self.segments if segment.status == "review"]

    @property
    def confidence(self) -> float:
        """That of the most doubtful segment; above all others where none is for review."""
        return min((segment.confidence for segment in self.doubtful), default=2.0)


def review_data(channel: Channel, predictions: Predictions) -> Json:
    """Everything that is shown; the same inputs give the same value.

    Streams with doubtful documents come first into the choice, whole, until there are MOST_PAGES
    pages; at least one does. Pictures that can be read go to what is for review and the pages
    around it, then to the others, while there is ROOM.

    Returns:
        `classes`: label, colour and texture of each; `streams`: name, confidence or null, pages,
        documents and readings, their ends as positions in the stream, from 0; `left_out`: how many
        streams are not among them; `fingerprint` of all of this.
    """
    streams = _streams(channel, predictions)
    chosen = _chosen(streams)
    pictures = _readable_pictures(channel, chosen)
    classes = swatches(label for page in predictions.pages for label in page.probabilities)
    data: Json = {
        "classes": [vars(swatch) for swatch in classes.values()],
        "streams": [_stream(channel, stream, pictures) for stream in chosen],
        "left_out": len(streams) - len(chosen),
    }
    return {**data, "fingerprint": hashlib.sha256(json.dumps(data).encode()).hexdigest()[:32]}


def _streams(channel: Channel, predictions: Predictions) -> list[_Stream]:
    said = {page.key: page for page in predictions.pages}
    whole = {found.stream: found for found in predictions.streams}
    segments: dict[str, list[Segment]] = {}
    for segment in sorted(predictions.segments, key=lambda each: each.first_page):
        segments.setdefault(segment.stream, []).append(segment)
    streams = []
    for rows in channel.streams:
        pages = channel.pages[rows.start : rows.stop]
        name = pages[0].stream
        numbers = [page.page for page in pages]
        of_pages = [said[page.key] for page in pages]
        streams.append(_Stream(name, pages, numbers, of_pages, segments[name], whole.get(name)))
    return streams


def _chosen(streams: Sequence[_Stream]) -> list[_Stream]:
    """Those that there is room for, in their order."""
    chosen: set[str] = set()
    pages = 0
    for stream in sorted(streams, key=lambda each: each.confidence):
        if not chosen or pages + len(stream.pages) <= MOST_PAGES:
            chosen.add(stream.name)
            pages += len(stream.pages)
    return [stream for stream in streams if stream.name in chosen]


def _readable_pictures(channel: Channel, streams: Sequence[_Stream]) -> dict[PageKey, str]:
    pictures: dict[PageKey, str] = {}
    room = ROOM
    wanted = {page.key: page for page in _most_wanted(streams)}
    for key, page in wanted.items():
        picture = readable(channel.image_path(page))
        if picture is None:
            continue
        room -= len(picture)
        if room < 0:
            break
        pictures[key] = picture
    return pictures


def _most_wanted(streams: Sequence[_Stream]) -> Iterator[Page]:
    """Pages in the order in which somebody wants to read them, some more than once."""
    review = [(segment, stream) for stream in streams for segment in stream.doubtful]
    for segment, stream in sorted(review, key=lambda each: each[0].confidence):
        first = bisect_left(stream.numbers, segment.first_page)
        last = bisect_right(stream.numbers, segment.last_page)
        yield from stream.pages[max(first - 1, 0) : last + 1]
    for stream in streams:
        yield from stream.pages


def _stream(channel: Channel, stream: _Stream, pictures: dict[PageKey, str]) -> Json:
    readings = stream.whole.readings[1:] if stream.whole else ()
    return {
        "name": stream.name,
        "confidence": _rounded(stream.whole.confidence) if stream.whole else None,
        "pages": [
            {
                "page": page.page,
                "starts": _rounded(said.first_page),
                "labels": _most_probable(said),
                "because": [[voice.text, _rounded(voice.vote)] for voice in said.because],
                "text": page.text[:TEXT].strip(),
                "thumbnail": thumbnail(channel.image_path(page)),
                "picture": pictures.get(page.key),
            }
            for page, said in zip(stream.pages, stream.said, strict=True)
        ],
        "documents": [_document(stream, segment) for segment in stream.segments],
        "readings": [_reading(stream, reading) for reading in readings],
    }


def _most_probable(said: PagePrediction) -> list[list[object]]:
    ranked = sorted(said.probabilities.items(), key=lambda each: (-each[1], each[0]))
    return [[label, _rounded(probability)] for label, probability in ranked[:LABELS]]


def _document(stream: _Stream, segment: Segment) -> Json:
    return {
        **stream.ends(segment),
        "label": segment.label,
        "confidence": _rounded(segment.confidence),
        "status": segment.status,
        "reasons": list(segment.reasons),
        "alternatives": [
            [other.label, _rounded(other.confidence)] for other in segment.alternatives
        ],
        "checked": False,
    }


def _reading(stream: _Stream, reading: Reading) -> Json:
    documents = [{**stream.ends(each), "label": each.label} for each in reading.documents]
    return {"probability": _rounded(reading.probability), "documents": documents}


def _rounded(value: float) -> float:
    return round(value, 4)
