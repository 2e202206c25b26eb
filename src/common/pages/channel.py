"""Channels: a folder with `pages.jsonl` and the bitmaps that it names.

Reading checks every record and reports all problems at once, each with file, line and field.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, overload

from pydantic import ValidationError

from common.job.errors import ClientError, refuse
from common.job.files import sha256_of, write_atomically
from common.pages.page import Page, PageKey, PageRecord, digest_of
from common.pages.stored_text import LinesFile, StoredText

PAGES_FILE = "pages.jsonl"


@dataclass(frozen=True)
class Document:
    """A run of neighbouring pages of one stream that share one `document` value."""

    stream: str
    label: str
    rows: range  # positions of its pages in Channel.pages


@dataclass(frozen=True)
class Channel:
    """The pages of one channel in reading order: streams one after another, pages ascending."""

    name: str
    folder: Path
    pages: tuple[Page, ...]

    def __len__(self) -> int:
        return len(self.pages)

    def image_path(self, page: Page) -> Path | None:
        return self.folder / page.image if page.image else None

    def take(self, rows: Iterable[int]) -> Channel:
        """The channel with the given pages alone."""
        return replace(self, pages=tuple(self.pages[row] for row in rows))

    @cached_property
    def has_texts(self) -> bool:
        """Is there a text on any page?"""
        return any(page.has_text for page in self.pages)

    @cached_property
    def has_images(self) -> bool:
        """Is there a bitmap of any page?"""
        return any(page.has_image for page in self.pages)

    def with_images(self) -> Channel:
        """The channel's pages that have a bitmap."""
        return self.take(row for row, page in enumerate(self.pages) if page.has_image)

    @property
    def texts(self) -> PageTexts:
        return PageTexts(self.pages)

    @property
    def keys(self) -> list[PageKey]:
        return [page.key for page in self.pages]

    @property
    def streams(self) -> list[range]:
        """Rows of each stream, in reading order."""
        return _runs([page.stream for page in self.pages])

    @property
    def documents(self) -> list[Document]:
        """Labelled documents in reading order; raises ValueError on an unlabelled page."""
        found = []
        for rows in _runs([(page.stream, page.document) for page in self.pages]):
            first = self.pages[rows.start]
            if first.label is None or first.document is None:
                raise ValueError(f"page {first.page} of stream {first.stream} has no label")
            found.append(Document(first.stream, first.label, rows))
        return found

    @property
    def labels(self) -> list[str]:
        """The class of each page; raises ValueError on an unlabelled page."""
        return [document.label for document in self.documents for _ in document.rows]

    @property
    def classes(self) -> list[str]:
        """Sorted names of the classes that occur."""
        return sorted({page.label for page in self.pages if page.label is not None})

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over all that training can see: records without provenance, and bitmaps."""
        digest = hashlib.sha256()
        for page in self.pages:
            path = self.image_path(page)
            known = [page.stream, page.page, page.document, page.label, page.text_digest.hex()]
            digest.update(json.dumps([*known, bitmap_hash(path) if path else ""]).encode())
        return digest.hexdigest()

    def stream_fingerprints(self, kind: str) -> dict[str, str]:
        """Stream → 16 hex digits over what a model of `kind`, text or image, reads of its pages.

        Names and labels do not count. A stream with nothing to read is left out.
        """
        found = {}
        for rows in self.streams:
            pages = self.pages[rows.start : rows.stop]
            if kind == "text":
                read = [page.text_digest.hex() if page.has_text else "" for page in pages]
            else:
                paths = [self.image_path(page) for page in pages]
                read = [bitmap_hash(path) if path else "" for path in paths]
            if any(read):
                found[pages[0].stream] = hashlib.sha256("\n".join(read).encode()).hexdigest()[:16]
        return found


@dataclass(frozen=True)
class PageTexts(Sequence[str]):
    """The texts of pages, each read when it is asked for."""

    pages: Sequence[Page]

    def __len__(self) -> int:
        return len(self.pages)

    @overload
    def __getitem__(self, row: int) -> str: ...

    @overload
    def __getitem__(self, row: slice) -> PageTexts: ...

    def __getitem__(self, row: int | slice) -> str | PageTexts:
        if isinstance(row, slice):
            return PageTexts(self.pages[row])
        return self.pages[row].text


@cache
def bitmap_hash(path: Path) -> str:
    """Read once: the channels of the folds share their bitmaps."""
    return sha256_of(path)


def _runs(values: list) -> list[range]:
    """Maximal runs of equal neighbours, as ranges of positions."""
    rows, start = [], 0
    for _, group in groupby(values):
        length = sum(1 for _ in group)
        rows.append(range(start, start + length))
        start += length
    return rows


def read_channel(folder: Path, *, name: str | None = None, labelled: bool = False) -> Channel:
    """Read and check a channel.

    Args:
        folder: holds `pages.jsonl`.
        name: what messages call the channel; default the folder's name.
        labelled: require `document` and `label` on every page.

    Raises:
        ClientError: naming every broken line, missing field, duplicate page and missing bitmap.
    """
    name = name or folder.name
    file = folder / PAGES_FILE
    if not file.is_file():
        raise ClientError(
            f"channel '{name}': there is no {file}. "
            f"Point the channel at a folder that holds {PAGES_FILE} and its images."
        )
    problems: list[str] = []
    numbered = list(_parse(file, problems))
    problems += _duplicates(file, numbered)
    problems += _missing_images(file, folder, numbered)
    if labelled:
        problems += _unlabelled(file, numbered)
    refuse(problems, remedy=f"Correct {file} and start again.")
    if not numbered:
        raise ClientError(f"channel '{name}': {file} holds no page. Give it at least one.")
    channel = Channel(name, folder, reading_order(page for _, page in numbered))
    if labelled:
        refuse(_torn_labels(channel), remedy=f"Correct the labels in {file}.")
    return channel


def _parse(file: Path, problems: list[str]) -> Iterator[tuple[int, Page]]:
    """(line number, page) of every good line; what is wrong with the others goes to `problems`."""
    stored = LinesFile(file)
    end = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            end += len(line)
            if not line.strip():
                continue
            try:
                record = PageRecord.model_validate_json(line)
                yield number, _page(record, stored, end - len(line), len(line))
            except ValidationError as error:
                for detail in error.errors(include_url=False):
                    field = ".".join(str(part) for part in detail["loc"])
                    where = f"{file} line {number}" + (f", field '{field}'" if field else "")
                    problems.append(f"{where}: {detail['msg']}.")


def _page(record: PageRecord, file: LinesFile, offset: int, length: int) -> Page:
    """The page without its text, and with names that other pages have too held once."""
    shared: dict[str, Any] = {
        name: sys.intern(value) if isinstance(value, str) else value
        for name, value in vars(record).items()
        if name != "text"
    }
    blank = not record.text.strip()
    return Page(content=StoredText(file, offset, length, blank, digest_of(record.text)), **shared)


def _duplicates(file: Path, numbered: list[tuple[int, Page]]) -> list[str]:
    first_line: dict[PageKey, int] = {}
    problems = []
    for number, page in numbered:
        earlier = first_line.setdefault(page.key, number)
        if earlier != number:
            problems.append(
                f"{file} line {number}, field 'page': page {page.page} of stream "
                f"'{page.stream}' was already on line {earlier}."
            )
    return problems


def _missing_images(file: Path, folder: Path, numbered: list[tuple[int, Page]]) -> list[str]:
    root = folder.resolve()
    problems = []
    for number, page in numbered:
        if page.image is None:
            continue
        path = folder / page.image
        where = f"{file} line {number}, field 'image'"
        if Path(page.image).is_absolute() or ".." in Path(page.image).parts:
            problems.append(f"{where}: '{page.image}' leads out of the channel {root}.")
        elif not path.is_file():
            problems.append(f"{where}: there is no file {path}.")
    return problems


def _unlabelled(file: Path, numbered: list[tuple[int, Page]]) -> list[str]:
    return [
        f"{file} line {number}, field '{field}': must be a string where labels are needed. "
        "Got null or nothing instead."
        for number, page in numbered
        for field in ("document", "label")
        if getattr(page, field) is None
    ]


def _torn_labels(channel: Channel) -> list[str]:
    """Documents whose pages disagree about their class."""
    problems = []
    for document in channel.documents:
        labels = {channel.pages[row].label for row in document.rows}
        if len(labels) > 1:
            first = channel.pages[document.rows.start]
            problems.append(
                f"stream '{first.stream}', document '{first.document}' from page {first.page}: "
                f"its pages have {len(labels)} labels, {', '.join(sorted(map(repr, labels)))}."
            )
    return problems


def reading_order(pages: Iterable[Page]) -> tuple[Page, ...]:
    """Streams in the order of their first appearance, pages ascending."""
    streams: dict[str, list[Page]] = {}
    for page in pages:
        streams.setdefault(page.stream, []).append(page)
    return tuple(
        page for group in streams.values() for page in sorted(group, key=lambda page: page.page)
    )


def write_channel(folder: Path, pages: Iterable[Page]) -> None:
    """Write `pages.jsonl` of a channel; the bitmaps are the caller's."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(page.record.model_dump_json() + "\n" for page in pages)
    write_atomically(folder / PAGES_FILE, lines.encode())
