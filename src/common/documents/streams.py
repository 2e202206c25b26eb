"""Files that were read, and streams of channels, with what people say of their pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path, PurePosixPath

from common.documents.kept_pages import KeptPage, kept
from common.documents.labels import LabelledRange, label_of_folder, read_labels
from common.documents.language import language_of
from common.documents.reading_all import ReadFile
from common.documents.sources import Refusal
from common.job.errors import refuse
from common.job.log import logger
from common.pages.channel import Channel, bitmap_hash
from common.pages.page import Page


@dataclass(frozen=True)
class PreparedPage:
    """A page as a channel will hold it, and where its bitmap lies now."""

    page: Page
    bitmap: Path | None


Stream = list[PreparedPage]


def name_of(stream: Stream) -> str:
    return stream[0].page.stream


def is_labelled(stream: Stream) -> bool:
    """Does every page of it belong to a document with a label?"""
    return all(each.page.document is not None and each.page.label is not None for each in stream)


def only_labelled(streams: Sequence[Stream]) -> list[Stream]:
    """Those whose every page has a label; says how many it leaves out."""
    labelled = [stream for stream in streams if is_labelled(stream)]
    if len(labelled) < len(streams):
        logger.info("left out %d streams that have no label", len(streams) - len(labelled))
    return labelled


def channel_streams(channel: Channel) -> list[Stream]:
    """The streams of a channel as they are; bitmaps are named anew, by what they hold."""
    return [
        [
            _of_channel(page, channel.image_path(page))
            for page in channel.pages[rows.start : rows.stop]
        ]
        for rows in channel.streams
    ]


def _of_channel(page: Page, bitmap: Path | None) -> PreparedPage:
    if bitmap is None:
        return PreparedPage(page, None)
    name = f"images/{bitmap_hash(bitmap)[:24]}{bitmap.suffix}"
    return PreparedPage(replace(page, image=name), bitmap)


def refuse_twice(streams: Sequence[Stream]) -> None:
    """Raises ClientError where two streams have one name."""
    twice = [name for name, count in Counter(map(name_of, streams)).items() if count > 1]
    refuse(
        [f"Stream '{name}' is given twice." for name in twice],
        remedy="Leave one of them out, or rename its file.",
    )


def unlabelled_streams(files: Sequence[ReadFile]) -> list[Stream]:
    """A stream for each file."""
    return [_pages(file, file.source.name, 0) for file in files]


def labelled_by(
    streams: Sequence[Stream], labels: Path, refused: Sequence[Refusal]
) -> list[Stream]:
    """The streams, those that the rows of a CSV name labelled by them; the others stay as they are.

    Raises:
        ClientError: names every row that is wrong, or else every run of pages without a label.
    """
    last_pages = {name_of(stream): stream[-1].page.page for stream in streams}
    ranges = read_labels(labels, last_pages, [each.name for each in refused])
    logger.info("%s labels %d of %d streams", labels, len(ranges), len(streams))
    return labelled_anew(streams, ranges)


def labelled_anew(
    streams: Sequence[Stream], ranges: Mapping[str, Sequence[LabelledRange]]
) -> list[Stream]:
    """The streams, those with ranges labelled by them alone; the others stay as they are.

    A blank page between two documents ends the first.

    Raises:
        ClientError: names every run of pages that is not blank and has no label.
    """
    problems: list[str] = []
    found = []
    for stream in streams:
        name = name_of(stream)
        if name in ranges:
            stream = _labelled(stream, ranges[name])
            problems += _gaps(name, stream)
        found.append(stream)
    refuse(problems, remedy="Add what they are to the labels.")
    return found


def _labelled(stream: Stream, ranges: Sequence[LabelledRange]) -> Stream:
    found = [_as(each, None, None) for each in stream]
    for number, each in enumerate(ranges, start=1):
        for row, prepared in enumerate(stream):
            if each.first_page <= prepared.page.page <= each.last_page:
                found[row] = _as(prepared, f"{name_of(stream)}#{number}", each.label)
    for rows in (range(1, len(found)), range(len(found) - 2, -1, -1)):
        step = -1 if rows.step == 1 else 1  # the page before; at the stream's start, the page after
        for row in rows:
            page, neighbour = found[row].page, found[row + step].page
            if page.label is None and page.blank and neighbour.label is not None:
                found[row] = _as(found[row], neighbour.document, neighbour.label)
    return found


def _as(prepared: PreparedPage, document: str | None, label: str | None) -> PreparedPage:
    return replace(prepared, page=replace(prepared.page, document=document, label=label))


def _gaps(name: str, stream: Stream) -> list[str]:
    problems = []
    for missing, run in groupby(stream, key=lambda each: each.page.label is None):
        if missing:
            numbers = [each.page.page for each in run]
            problems.append(f"'{name}': pages {numbers[0]} to {numbers[-1]} have no label.")
    return problems


def streams_by_folders(files: Sequence[ReadFile]) -> list[Stream]:
    """Each file is a document of the class that its folder is named after.

    A file in LABEL/ is a stream of its own. Those in STREAM/LABEL/ are one stream together, in the
    order of their own names.
    """
    streams: dict[str, Stream] = {}
    for file in sorted(files, key=_place_in_stream):
        path = PurePosixPath(file.source.name)
        label = label_of_folder(file.source)
        name = str(path.parent.parent) if len(path.parts) > 2 else str(path)
        stream = streams.setdefault(name, [])
        pages = _pages(file, name, len(stream))
        stream += [_as(page, file.source.name, label) for page in pages]
    return list(streams.values())


def _place_in_stream(file: ReadFile) -> tuple[str, str]:
    path = PurePosixPath(file.source.name)
    return str(path.parent.parent), path.name


def _pages(file: ReadFile, stream: str, before: int) -> Stream:
    """The pages of a file, numbered from `before` + 1."""
    return [
        PreparedPage(_page(each, stream, number, file.place.name), each.bitmap)
        for number, each in enumerate(kept(file.place), start=before + 1)
    ]


def _page(each: KeptPage, stream: str, number: int, place: str) -> Page:
    return Page(
        stream=stream,
        page=number,
        content=each.page.text,
        image=f"images/{place}-{each.bitmap.name}",
        rotation=each.page.rotation,
        blank=each.page.blank,
        language=language_of(each.page.text),
    )
