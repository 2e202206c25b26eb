"""Small channels and predictions, written as documents: [("letter", 2), ("invoice", 1)]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hypothesis import strategies as st

from common.pages.channel import Channel
from common.pages.page import Page
from common.results.comparison import Comparison, compare
from common.results.predictions import PagePrediction, Predictions
from common.results.readings import ReadDocument, Reading, StreamPrediction
from common.results.segments import Segment

Documents = Sequence[tuple[str, int]]  # class and number of pages
Streams = Mapping[str, Documents]


def make_channel(streams: Streams, folder: Path = Path("nowhere")) -> Channel:
    pages = [
        Page(
            stream=stream,
            page=first + offset,
            document=f"{stream}-{number}",
            label=label,
            content=f"{label} words",
        )
        for stream, documents in streams.items()
        for number, (first, label, length) in enumerate(_placed(documents), start=1)
        for offset in range(length)
    ]
    return Channel("test", folder, tuple(pages))


def make_predictions(
    streams: Streams, confidences: Sequence[float] | None = None, accepted: float = 0.5
) -> Predictions:
    """Predictions; one confidence a segment, which its pages share, `accepted` from there on."""
    given = iter(confidences or [1.0] * sum(map(len, streams.values())))
    pages, segments = [], []
    for stream, documents in streams.items():
        for number, (first, label, length) in enumerate(_placed(documents), start=1):
            confidence = next(given)
            status = "accepted" if confidence >= accepted else "review"
            last = first + length - 1
            segments.append(Segment(stream, number, first, last, label, confidence, status=status))
            pages += [
                PagePrediction(
                    stream=stream,
                    page=page,
                    document=number,
                    label=label,
                    confidence=confidence,
                    first_page=float(page == first),
                    probabilities={label: confidence},
                )
                for page in range(first, last + 1)
            ]
    return Predictions(pages, segments, [_whole(name, segments) for name in streams])


def _whole(stream: str, segments: Sequence[Segment]) -> StreamPrediction:
    """As sure as the least sure of its segments."""
    own = [one for one in segments if one.stream == stream]
    confidence = min(one.confidence for one in own)
    documents = tuple(ReadDocument(one.first_page, one.last_page, one.label) for one in own)
    return StreamPrediction(stream, confidence, (Reading(confidence, documents),))


def make_comparison(
    truth: Streams, prediction: Streams, confidences: Sequence[float] | None = None
) -> Comparison:
    return compare(make_channel(truth), *make_predictions(prediction, confidences))


def _placed(documents: Documents) -> list[tuple[int, str, int]]:
    """First page, class and length of each document."""
    placed, first = [], 1
    for label, length in documents:
        placed.append((first, label, length))
        first += length
    return placed


LABELS = ("invoice", "letter", "report")


@st.composite
def documents_of(draw: st.DrawFn, pages: int) -> list[tuple[str, int]]:
    """Any way to cut `pages` pages into labelled documents."""
    starts = [True, *draw(st.lists(st.booleans(), min_size=pages - 1, max_size=pages - 1))]
    begins = [page for page, start in enumerate(starts) if start]
    lengths = [end - begin for begin, end in zip(begins, [*begins[1:], pages], strict=True)]
    return [(draw(st.sampled_from(LABELS)), length) for length in lengths]


@st.composite
def comparisons(draw: st.DrawFn, max_streams: int = 4, max_pages: int = 9) -> Comparison:
    """Truth and prediction, unrelated to each other, of one to four short streams."""
    lengths = draw(st.lists(st.integers(1, max_pages), min_size=1, max_size=max_streams))
    truth = {f"s{row}": draw(documents_of(pages)) for row, pages in enumerate(lengths)}
    prediction = {f"s{row}": draw(documents_of(pages)) for row, pages in enumerate(lengths)}
    segments = sum(map(len, prediction.values()))
    confidence = st.sampled_from([0.0, 0.2, 0.5, 0.5000001, 0.9, 1.0])
    confidences = draw(st.lists(confidence, min_size=segments, max_size=segments))
    return make_comparison(truth, prediction, confidences)
