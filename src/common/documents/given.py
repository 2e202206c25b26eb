"""What somebody wants to be taken apart: a channel, or files, which become one for the while."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from common.documents.channels import write_streams
from common.documents.kept_pages import KeptPages
from common.documents.limits import Limits, RefusedFile
from common.documents.ocr import LANGUAGES
from common.documents.reading import Reader
from common.documents.reading_all import read_all
from common.documents.sources import Refusal, brought_here, find_sources
from common.documents.splitting import write_bitmaps
from common.documents.streams import unlabelled_streams
from common.job.errors import ClientError, refuse
from common.pages.channel import PAGES_FILE, Channel, read_channel
from common.pages.page import Page


@dataclass(frozen=True)
class Given:
    """A channel, and where its streams come from files these, by stream."""

    channel: Channel
    files: Mapping[str, Path] = field(default_factory=dict)
    refused: Sequence[Refusal] = ()


def open_given(place: str, scratch: Path, languages: str | None = LANGUAGES) -> Given:
    """Read what is given.

    Args:
        place: a channel's folder; or a PDF, TIFF, PNG, JPEG, ZIP, or a folder of them; here, or on
            S3 as `s3://…`.
        scratch: where what is fetched, read and unpacked lies meanwhile.
        languages: for OCR; None: without.

    Raises:
        ClientError: the channel is faulty, or no file can be read.
    """
    limits = Limits()
    path, refused = brought_here(place, scratch / "s3", limits)
    if (path / PAGES_FILE).is_file():
        return Given(read_channel(path), refused=refused)
    sources, wrong = find_sources(path, scratch / "unpacked", limits)
    with Reader(limits=limits, languages=languages) as reader:
        files, unreadable = read_all(sources, reader, KeptPages(scratch / "pages", languages))
    refused += wrong + unreadable
    if not files:
        refuse([f"{each.name}: {each.reason}." for each in refused], remedy="Give other files.")
        raise ClientError(
            f"{place} holds neither {PAGES_FILE} nor a file. Name a channel, a PDF, TIFF, image or "
            "ZIP, or a folder of them."
        )
    write_streams(scratch / "channel", unlabelled_streams(files))
    channel = read_channel(scratch / "channel", name=path.name)
    return Given(channel, {file.source.name: file.source.path for file in files}, refused)


@dataclass(frozen=True)
class Part:
    """Pages of one stream that belong together, and what they are."""

    stream: str
    document: int
    first_page: int
    last_page: int
    label: str


def write_parts(folder: Path, given: Given, parts: Sequence[Part]) -> list[Path]:
    """Write a PDF for each part, upright, its stream, place and label in its name.

    Pages are copied from the file that they come from; those of a channel are made of its bitmaps,
    and a page without one is left out. PDFs that were there before go first.

    Raises:
        ClientError: a file can be read no more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in folder.glob("*.pdf"):
        earlier.unlink()
    pages_of: dict[str, list[Page]] = {}
    for page in given.channel.pages:
        pages_of.setdefault(page.stream, []).append(page)
    written = []
    with Reader(languages=None) as reader:
        for part in parts:
            among = pages_of[part.stream]
            pages = [each for each in among if part.first_page <= each.page <= part.last_page]
            file = _free(folder, part)
            try:
                _write(file, given, part, pages, reader)
            except RefusedFile as refusal:
                raise ClientError(f"{part.stream}: {refusal}.") from refusal
            written.append(file)
    return written


def _write(file: Path, given: Given, part: Part, pages: Sequence[Page], reader: Reader) -> None:
    source = given.files.get(part.stream)
    if source is not None:
        numbers, rotations = [each.page for each in pages], [each.rotation for each in pages]
        reader.split(source, file, numbers, rotations)
    else:
        write_bitmaps([path for each in pages if (path := given.channel.image_path(each))], file)


def _free(folder: Path, part: Part) -> Path:
    """A name that no other part has."""
    stream = _safe(re.sub(r"\.(pdf|tiff?|png|jpe?g)$", "", part.stream, flags=re.IGNORECASE))
    name = f"{stream}-{part.document:03}-{_safe(part.label)}"
    file, again = folder / f"{name}.pdf", 1
    while file.exists():
        again += 1
        file = folder / f"{name}~{again}.pdf"
    return file


def _safe(name: str) -> str:
    """Letters, digits, dots and dashes, at most 80, whatever the name is."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._")[-80:] or "_"
