"""Streams as film strips: pages in rows, true segments above, predicted ones below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from common.pages.channel import Channel
from common.pages.page import Page, PageKey
from common.results.segments import Segment, segment_of_pages
from common.results.stream_errors import StreamView, errors_in_words
from common.results.thumbnails import thumbnail

COLUMNS = 12  # pages in a row
WORDS = 60  # characters of text on the card of a page without bitmap


@dataclass(frozen=True)
class Bar:
    """The part of a segment that lies in one row, or in one row with one verdict."""

    segment: Segment
    column: int  # from 1
    span: int
    begins: bool  # with the segment's first page
    ends: bool
    instead_of: str | None = None  # the true label where the predicted one is wrong


@dataclass(frozen=True)
class Frame:
    """One page of the strip."""

    page: Page
    picture: str | None  # data URI
    because: tuple[str, ...]  # what in its text spoke most for its label, where that is known
    missed_split: bool  # truth starts a document here, the prediction does not
    extra_split: bool

    @property
    def words(self) -> str:
        return " ".join(self.page.text.split())[:WORDS]


@dataclass(frozen=True)
class Row:
    """Up to COLUMNS neighbouring pages."""

    frames: list[Frame]
    true_bars: list[Bar]
    predicted_bars: list[Bar]


@dataclass(frozen=True)
class Strip:
    """One stream."""

    stream: str
    rows: list[Row]
    pages: int
    drawn: int  # of the pages, the first
    documents: int
    errors: list[str]  # in words, in page order, of all pages


def film_strips(
    channel: Channel,
    truth: Sequence[Segment],
    prediction: Sequence[Segment],
    pages: Mapping[str, int],
    because: Mapping[PageKey, tuple[str, ...]] | None = None,
) -> Iterator[Strip]:
    """A strip for each of the named streams, in reading order, of so many of its first pages.

    Args:
        because: what spoke for a page's label, for those pages of which it is known.
    """
    true_of_page = segment_of_pages(channel.keys, truth)
    predicted_of_page = segment_of_pages(channel.keys, prediction)
    for rows in channel.streams:
        name = channel.pages[rows.start].stream
        if name not in pages:
            continue
        drawn = min(pages[name], len(rows))
        view = StreamView(
            [channel.pages[row] for row in rows],
            [truth[true_of_page[row]] for row in rows],
            [prediction[predicted_of_page[row]] for row in rows],
        )
        yield Strip(
            stream=name,
            rows=[
                _row(channel, view, range(begin, min(begin + COLUMNS, drawn)), because or {})
                for begin in range(0, drawn, COLUMNS)
            ],
            pages=len(rows),
            drawn=drawn,
            documents=len({segment.document for segment in view.truth}),
            errors=list(errors_in_words(view)),
        )


def _row(
    channel: Channel, view: StreamView, rows: range, because: Mapping[PageKey, tuple[str, ...]]
) -> Row:
    frames = [
        Frame(
            page=view.pages[row],
            picture=thumbnail(channel.image_path(view.pages[row])),
            because=because.get(view.pages[row].key, ()),
            missed_split=view.missed_split(row),
            extra_split=view.extra_split(row),
        )
        for row in rows
    ]
    wrong = [view.instead_of(row) for row in range(len(view))]
    return Row(
        frames,
        true_bars=list(_bars(view.truth, [None] * len(view), rows)),
        predicted_bars=list(_bars(view.prediction, wrong, rows)),
    )


def _bars(segments: Sequence[Segment], wrong: Sequence[str | None], rows: range) -> Iterator[Bar]:
    """Runs of one segment and one verdict, cut at the ends of the row."""
    for _, run in groupby(rows, key=lambda row: (id(segments[row]), wrong[row])):
        first, *others = run
        last = others[-1] if others else first
        segment = segments[first]
        yield Bar(
            segment=segment,
            column=first - rows.start + 1,
            span=last - first + 1,
            begins=first == 0 or segments[first - 1] is not segment,
            ends=last + 1 == len(segments) or segments[last + 1] is not segment,
            instead_of=wrong[first],
        )
