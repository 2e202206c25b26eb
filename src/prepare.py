"""Make channels of the files that people have: PDFs, TIFFs, PNGs, JPEGs, folders and ZIPs of them.

Pages are read from the text layer where it can be used, else by tesseract. With labels, streams are
split into train, validation and test. Started again, it reads only what it has not read yet.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from common.documents.channels import write_streams
from common.documents.description import describe, in_words
from common.documents.kept_pages import KeptPages, kept
from common.documents.labels import read_labels
from common.documents.limits import Limits
from common.documents.ocr import LANGUAGES
from common.documents.reading import Reader
from common.documents.reading_all import ReadFile, read_all
from common.documents.sources import Refusal, find_sources
from common.documents.streams import (
    Stream,
    streams_by_folders,
    streams_by_ranges,
    unlabelled_streams,
)
from common.job import log
from common.job.command import run_reporting
from common.job.errors import ClientError
from common.job.files import write_json
from common.job.flags import whole_number
from common.job.folders import lies_in
from common.pages.channel import PAGES_FILE, read_channel
from common.pages.splitting import split_streams

CHANNELS = ("train", "validation", "test")
KEPT = ".pages"  # in the output: what was read, for the next time
REFUSED = "refused.json"
DESCRIPTION = "description.json"


def prepare(arguments: argparse.Namespace) -> None:
    """Read, label, split, write; tell what could not be read."""
    if arguments.output is None or lies_in(arguments.output, arguments.input):
        raise ClientError("--output must name a folder outside --input.")
    languages = None if arguments.ocr == "none" else arguments.ocr
    keep = KeptPages(arguments.output / KEPT, languages)
    limits = Limits(pages=arguments.max_pages, seconds=arguments.page_seconds)
    with tempfile.TemporaryDirectory(prefix="unpacked-") as scratch:
        sources, refused = find_sources(arguments.input, Path(scratch), limits)
        labels = arguments.labels
        sources = [each for each in sources if labels is None or not _is(each.path, labels)]
        with Reader(limits=limits, languages=languages, workers=arguments.workers) as reader:
            files, unreadable = read_all(sources, reader, keep)
    refused += unreadable
    write_json(arguments.output / REFUSED, [vars(each) for each in refused])
    if not files:
        raise ClientError(_in_words(refused) or f"{arguments.input} holds no file. Name another.")
    write_channels(arguments, streams_of(arguments, files, refused))
    if refused:
        print(_in_words(refused), file=sys.stderr)


def streams_of(
    arguments: argparse.Namespace, files: Sequence[ReadFile], refused: Sequence[Refusal]
) -> list[Stream]:
    """The files as streams, labelled as the command line says."""
    if arguments.label_folders:
        return streams_by_folders(files)
    if arguments.labels is None:
        return unlabelled_streams(files)
    counts = {file.source.name: sum(1 for _ in kept(file.place)) for file in files}
    ranges = read_labels(arguments.labels, counts, [each.name for each in refused])
    if len(ranges) < len(files):
        log.logger.info("left out %d files that have no label", len(files) - len(ranges))
    return streams_by_ranges(files, ranges)


def write_channels(arguments: argparse.Namespace, streams: Sequence[Stream]) -> None:
    """Write one channel, or with labels several, and say what is in them."""
    if not streams:
        raise ClientError(f"{arguments.labels} labels none of the files that were read.")
    channel_of = {}
    if arguments.labels or arguments.label_folders:
        shares = dict(zip(CHANNELS, arguments.split, strict=True))
        channel_of = split_streams(_classes(streams), shares, arguments.seed)
    for name in dict.fromkeys(channel_of.values()) or [""]:
        chosen = [each for each in streams if channel_of.get(each[0].page.stream, "") == name]
        pages = write_streams(arguments.output / name, chosen)
        log.logger.info(
            "wrote %d pages of %d streams to %s", pages, len(chosen), arguments.output / name
        )
    if arguments.describe:
        tell(arguments.output)


def _classes(streams: Sequence[Stream]) -> dict[str, list[str]]:
    """The class of each document, by stream."""
    return {
        stream[0].page.stream: [
            label
            for (_, label) in dict.fromkeys(
                (each.page.document, str(each.page.label)) for each in stream
            )
        ]
        for stream in streams
    }


def tell(folder: Path) -> None:
    """Print what the channels of a folder hold, or the one that it is."""
    names = [name for name in CHANNELS if (folder / name / PAGES_FILE).is_file()]
    channels = {name: read_channel(folder / name) for name in names} or {
        folder.name: read_channel(folder)
    }
    description = describe(channels)
    write_json(folder / DESCRIPTION, description)
    print(in_words(description))


def _is(path: Path, other: Path) -> bool:
    return path.resolve() == other.resolve()


def _in_words(refused: Sequence[Refusal]) -> str:
    """A list of what was refused, and why."""
    if not refused:
        return ""
    lines = [f"  {each.name}: {each.reason}." for each in refused]
    return "\n".join([f"Not read, {len(refused)} files:", *lines])


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line, prepare; returns the exit status."""
    arguments = parse(argv)
    log.configure()
    if arguments.input is None:
        return run_reporting(lambda: tell(arguments.output))
    return run_reporting(lambda: prepare(arguments))


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(prog="prepare.py", description=__doc__)
    add = parser.add_argument
    add("--input", type=Path, metavar="PATH", help="a PDF, TIFF, PNG, JPEG, ZIP, or a folder")
    add("--output", type=Path, required=True, metavar="DIR", help="where the channels go")
    labels = parser.add_mutually_exclusive_group()
    labels.add_argument(
        "--labels", type=Path, metavar="CSV", help="columns file, first_page, last_page, label"
    )
    labels.add_argument(
        "--label-folders",
        action="store_true",
        help="files lie in LABEL/, or in STREAM/LABEL/ if they arrived together",
    )
    add(
        "--split",
        type=_shares,
        default=(70.0, 15.0, 15.0),
        metavar="A/B/C",
        help="shares of train, validation and test; default 70/15/15",
    )
    add("--seed", type=int, default=0, help="of the split; default %(default)s")
    add(
        "--ocr",
        default=LANGUAGES,
        metavar="LANGUAGES",
        help="tesseract's names of languages, or none; default %(default)s",
    )
    add("--workers", type=whole_number(1), metavar="N", help="processes; default one for each core")
    add("--max-pages", type=whole_number(1), default=Limits.pages, metavar="N", help="of a file")
    add(
        "--page-seconds",
        type=whole_number(1),
        default=Limits.seconds,
        metavar="S",
        help="for a page",
    )
    add(
        "--describe",
        action="store_true",
        help="say what the channels hold; without --input, those that are in --output",
    )
    arguments = parser.parse_args(argv)
    if arguments.input is None and not arguments.describe:
        parser.error("--input is missing")
    return arguments


def _shares(text: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(part) for part in text.split("/"))
    except ValueError:
        shares = ()
    if len(shares) != len(CHANNELS) or min(shares) < 0 or not 0 < shares[0] < float("inf"):
        raise argparse.ArgumentTypeError(
            f"must be three shares from 0 as in 70/15/15, that of train above 0. Got '{text}'"
        )
    return shares


if __name__ == "__main__":
    sys.exit(main())
