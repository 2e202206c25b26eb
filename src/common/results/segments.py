"""Segments: runs of neighbouring pages of one stream that form one document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator
from pydantic.dataclasses import dataclass

from common.pages.channel import Channel
from common.pages.page import PageKey

ROUNDING = 1e-6  # how far sums of float32 probabilities may leave [0, 1]


def _probability(value: float) -> float:
    if not -ROUNDING <= value <= 1 + ROUNDING:
        raise ValueError(f"must be a probability in the range [0, 1]. Got {value} instead")
    return min(max(value, 0.0), 1.0)


Probability = Annotated[float, AfterValidator(_probability)]
Position = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class Alternative:
    """Another class that the segment might be."""

    label: Name
    confidence: Probability


@dataclass(frozen=True)
class Segment:
    """One document of a stream, from `first_page` to `last_page`, both included.

    `confidence` is the probability that the label and both ends are right. `status` says whether
    the segment may pass unseen, `reasons` why a person should look at it. `novelty` is the mean of
    its pages'.
    """

    stream: Name
    document: Position  # 1, 2, … within the stream
    first_page: Position
    last_page: Position
    label: Name
    confidence: Probability = 1.0
    alternatives: tuple[Alternative, ...] = ()
    status: Literal["accepted", "review"] = "accepted"
    reasons: tuple[str, ...] = ()
    novelty: Probability = 0.0

    @model_validator(mode="after")
    def _ends_in_order(self) -> Segment:
        if self.last_page < self.first_page:
            raise ValueError(
                f"last_page must not lie before first_page {self.first_page}. "
                f"Got {self.last_page} instead"
            )
        return self


def cut(keys: Sequence[PageKey], starts: Sequence[bool] | NDArray[np.bool_]) -> list[range]:
    """Rows of each segment, given whether a document starts with each page.

    Args:
        keys: pages in reading order, streams one after another.
        starts: one truth value a page; that of a stream's first page does not matter.
    """
    rows, begin = [], 0
    for row in range(1, len(keys) + 1):
        if row == len(keys) or starts[row] or keys[row][0] != keys[row - 1][0]:
            rows.append(range(begin, row))
            begin = row
    return rows


def number_documents(keys: Sequence[PageKey], segment_rows: Sequence[range]) -> list[int]:
    """1, 2, … within the stream for each segment."""
    numbers: list[int] = []
    for position, rows in enumerate(segment_rows):
        goes_on = position > 0 and keys[rows.start][0] == keys[rows.start - 1][0]
        numbers.append(numbers[-1] + 1 if goes_on else 1)
    return numbers


def segments_from_starts(
    keys: Sequence[PageKey],
    starts: Sequence[bool] | NDArray[np.bool_],
    labels: Sequence[str],
) -> list[Segment]:
    """Segments from per-page decisions; a segment has the label of its first page.

    Args:
        keys: pages in reading order, streams one after another.
        starts: one truth value a page; that of a stream's first page does not matter.
        labels: one class a page.
    """
    segment_rows = cut(keys, starts)
    return [
        Segment(
            stream=keys[rows.start][0],
            document=document,
            first_page=keys[rows.start][1],
            last_page=keys[rows[-1]][1],
            label=labels[rows.start],
        )
        for rows, document in zip(segment_rows, number_documents(keys, segment_rows), strict=True)
    ]


def segment_of_pages(keys: Sequence[PageKey], segments: Iterable[Segment]) -> NDArray[np.intp]:
    """Position in `segments` of the segment of each page, shape [pages].

    Raises:
        ValueError: a page lies in no segment or in two, or a segment holds none of the pages.
    """
    pages_of = _pages_by_stream(keys)
    found = np.full(len(keys), -1, dtype=np.intp)
    for position, segment in enumerate(segments):
        numbers, rows = pages_of.get(segment.stream, _NOTHING)
        first = np.searchsorted(numbers, segment.first_page, side="left")
        last = np.searchsorted(numbers, segment.last_page, side="right")
        inside = rows[first:last]
        if not len(inside):
            raise ValueError(f"{describe(segment)} holds none of the pages")
        taken = inside[found[inside] >= 0]
        if len(taken):
            raise ValueError(f"{describe(segment)}: page {keys[taken[0]][1]} lies in two segments")
        found[inside] = position
    if (found < 0).any():
        stream, page = keys[int(np.argmin(found))]
        raise ValueError(f"page {page} of stream '{stream}' lies in no segment")
    return found


_Pages = tuple[NDArray[np.int64], NDArray[np.intp]]  # page numbers, ascending, and their rows
_NOTHING: _Pages = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.intp))


def _pages_by_stream(keys: Sequence[PageKey]) -> dict[str, _Pages]:
    grouped: dict[str, list[tuple[int, int]]] = {}
    for row, (stream, page) in enumerate(keys):
        grouped.setdefault(stream, []).append((page, row))
    pages_of = {}
    for stream, pages in grouped.items():
        numbers, rows = np.array(sorted(pages), dtype=np.int64).T
        pages_of[stream] = numbers, rows.astype(np.intp)
    return pages_of


def describe(segment: Segment) -> str:
    """How messages name a segment."""
    pages = f"{segment.first_page}–{segment.last_page}"
    return f"stream '{segment.stream}', document {segment.document} (pages {pages})"


def true_segments(channel: Channel) -> list[Segment]:
    """What the labels say; raises ValueError on an unlabelled page."""
    starts = np.zeros(len(channel), dtype=bool)
    starts[[document.rows.start for document in channel.documents]] = True
    return segments_from_starts(channel.keys, starts, channel.labels)
