"""Make channels of the files that people have: PDFs, TIFFs, PNGs, JPEGs, folders and ZIPs of them.

Pages are read from the text layer where it can be used, else by tesseract. With labels, streams are
split into train, validation and test. Started again, it reads only what it has not read yet.
Channels may be given too: labels then correct those of the streams that they name.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from common.documents.channels import remove_earlier, write_streams
from common.documents.description import describe, in_words
from common.documents.kept_pages import KeptPages
from common.documents.limits import Limits
from common.documents.ocr import LANGUAGES
from common.documents.reading import Reader
from common.documents.reading_all import ReadFile, read_all
from common.documents.sources import Refusal, Source, brought_here, find_sources
from common.documents.streams import (
    Stream,
    channel_streams,
    is_labelled,
    labelled_by,
    name_of,
    only_labelled,
    refuse_twice,
    streams_by_folders,
    unlabelled_streams,
)
from common.job import log
from common.job.command import run_reporting
from common.job.errors import ClientError
from common.job.files import write_json
from common.job.flags import whole_number
from common.job.folders import lies_in
from common.pages.channel import PAGES_FILE, Channel, read_channel
from common.pages.splitting import split_streams

CHANNELS = ("train", "validation", "test")
KEPT = ".pages"  # in the output: what was read, for the next time
REFUSED = "refused.json"
DESCRIPTION = "description.json"


def prepare(arguments: argparse.Namespace) -> None:
    """Read, label, split, write; tell what could not be read."""
    limits = Limits(pages=arguments.max_pages, seconds=arguments.page_seconds)
    with tempfile.TemporaryDirectory(prefix="given-") as scratch:
        channels, sources, refused = look_at(arguments, Path(scratch), limits)
        files, unreadable = read_files(arguments, sources, limits)
        refused += unreadable
        write_json(arguments.output / REFUSED, [vars(each) for each in refused])
        if not files and not channels:
            places = ", ".join(arguments.input)
            raise ClientError(_in_words(refused) or f"{places}: there is no file. Name another.")
        streams = streams_of(arguments, channels, files, refused)
        write_channels(arguments, streams)
    if refused:
        print(_in_words(refused), file=sys.stderr)


def look_at(
    arguments: argparse.Namespace, scratch: Path, limits: Limits
) -> tuple[list[Channel], list[Source], list[Refusal]]:
    """The channels and the files at the places that the command line names."""
    channels: list[Channel] = []
    sources: list[Source] = []
    refused: list[Refusal] = []
    for number, place in enumerate(arguments.input):
        path, unfetched = brought_here(place, scratch / f"s3-{number}", limits)
        refused += unfetched
        is_channel = (path / PAGES_FILE).is_file()
        if lies_in(arguments.output, path) or (is_channel and lies_in(path, arguments.output)):
            raise ClientError(
                f"--output ({arguments.output}) would overwrite what is read from {place}. Name a "
                "folder outside --input, and not above a channel."
            )
        if is_channel:
            channels.append(read_channel(path))
            continue
        found, wrong = find_sources(path, scratch / f"unpacked-{number}", limits)
        labels = arguments.labels
        sources += [each for each in found if labels is None or not _is(each.path, labels)]
        refused += wrong
    return channels, sources, refused


def read_files(
    arguments: argparse.Namespace, sources: Sequence[Source], limits: Limits
) -> tuple[list[ReadFile], list[Refusal]]:
    """The files' pages, as far as they can be read; without files nobody needs OCR."""
    if not sources:
        return [], []
    languages = None if arguments.ocr == "none" else arguments.ocr
    keep = KeptPages(arguments.output / KEPT, languages)
    with Reader(limits=limits, languages=languages, workers=arguments.workers) as reader:
        return read_all(sources, reader, keep)


def streams_of(
    arguments: argparse.Namespace,
    channels: Sequence[Channel],
    files: Sequence[ReadFile],
    refused: Sequence[Refusal],
) -> list[Stream]:
    """What was given as streams, labelled as the command line says, or else as the channels do."""
    by_folders = arguments.label_folders
    streams = [stream for channel in channels for stream in channel_streams(channel)]
    streams += streams_by_folders(files) if by_folders else unlabelled_streams(files)
    refuse_twice(streams)
    if arguments.labels is not None:
        streams = labelled_by(streams, arguments.labels, refused)
    elif not by_folders:
        return streams
    return only_labelled(streams)


def write_channels(arguments: argparse.Namespace, streams: Sequence[Stream]) -> None:
    """Write one channel, or with labels several, and say what is in them."""
    if not streams:
        raise ClientError(f"{arguments.labels} labels none of the files that were read.")
    channel_of = {}
    if all(map(is_labelled, streams)):
        shares = dict(zip(CHANNELS, arguments.split, strict=True))
        channel_of = split_streams(_classes(streams), shares, arguments.seed)
    names = list(dict.fromkeys(channel_of.values())) or [""]
    remove_earlier(arguments.output, names)
    for name in names:
        chosen = [each for each in streams if channel_of.get(name_of(each), "") == name]
        pages = write_streams(arguments.output / name, chosen)
        log.logger.info(
            "wrote %d pages of %d streams to %s", pages, len(chosen), arguments.output / name
        )
    if arguments.describe:
        tell(arguments.output)


def _classes(streams: Sequence[Stream]) -> dict[str, list[str]]:
    """The class of each document, by stream."""
    return {
        name_of(stream): [
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
    description = describe(channels) | {"doubtful_labels": doubtful_labels(channels)}
    write_json(folder / DESCRIPTION, description)
    print(in_words(description))


def doubtful_labels(channels: Mapping[str, Channel]) -> list[dict[str, Any]] | None:
    """Labels that texts contradict, as JSON holds them; None where they could not be checked."""
    from common.models import doubtful_labels as models  # reading needs no MXNet

    found = models.doubtful_labels(list(channels.values()))
    if found is None:
        return None
    return [
        {
            "channel": each.channel,
            "stream": each.document.stream,
            "first_page": each.first_page,
            "last_page": each.last_page,
            "label": each.document.label,
            "other": each.other,
            "probability": each.probability,
            "words": list(each.words),
        }
        for each in found
    ]


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
    add(
        "--input",
        nargs="+",
        metavar="PLACE",
        help="a PDF, TIFF, PNG, JPEG, ZIP, a folder or s3://… of them, or a channel; or several",
    )
    add("--output", type=Path, required=True, metavar="DIR", help="where the channels go")
    labels = parser.add_mutually_exclusive_group()
    labels.add_argument(
        "--labels",
        type=Path,
        metavar="CSV",
        help="columns file, first_page, last_page, label; file is the stream of a channel",
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
