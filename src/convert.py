"""Read one share of many files, PDFs and scans, as one of several jobs that run at the same time.

The pages are kept, with a record of whose they are, for fetch, which makes channels of all shares.
Which share it is, AWS Batch says to each job of an array.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from common.documents.file_shares import PAGES, Share, write_share
from common.documents.kept_pages import KeptPages
from common.documents.labels import read_labels
from common.documents.limits import Limits
from common.documents.ocr import LANGUAGES
from common.documents.reading import Reader
from common.documents.reading_all import read_all
from common.documents.sources import find_sources
from common.job import log
from common.job.command import run_reporting
from common.job.errors import ClientError
from common.job.flags import whole_number
from common.job.objects import fetched_file, fetched_files, names_below, store, target

ARRAY_INDEX = "AWS_BATCH_JOB_ARRAY_INDEX"


def convert(source: str, output: str, *, labels: str, share: Share, languages: str | None) -> None:
    limits = Limits()
    with tempfile.TemporaryDirectory(prefix="convert-") as scratch:
        place = Path(scratch)
        among = labels.removeprefix(f"{source.rstrip('/')}/")  # their name, if they lie there too
        names = [name for name in names_below(source) if name != among]
        _check(fetched_file(labels, place / "labels"), names, limits)
        given = fetched_files(source, share.names(names), place / "given")
        made = target(output, place / "made")
        sources, refused = find_sources(given, place / "unpacked", limits)
        with Reader(limits=limits, languages=languages) as reader:
            files, unreadable = read_all(sources, reader, KeptPages(made / PAGES, languages))
        for each in (*refused, *unreadable):
            log.logger.warning("not read: %s: %s", each.name, each.reason)
        write_share(made, share, files, [*refused, *unreadable])
        store(made, output, last=share.record)


def _check(labels: Path, names: Sequence[str], limits: Limits) -> None:
    """Hours of OCR later it would be late to hear of a slip in the labels.

    How many pages a file has, and what is in a ZIP, is known only then.
    """
    if not any(name.lower().endswith(".zip") for name in names):
        read_labels(labels, dict.fromkeys(names, limits.pages))


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line, convert; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--input", required=True, metavar="PLACE", help="PDFs, scans, ZIPs; folder or s3://…")
    add("--labels", required=True, metavar="PLACE", help="CSV, as for prepare; path or s3://…")
    add("--output", required=True, metavar="PLACE", help="of all shares; folder or s3://…")
    add("--shares", required=True, type=whole_number(1), metavar="N", help="how many there are")
    add(
        "--share",
        default=os.environ.get(ARRAY_INDEX, "0"),
        metavar="N",
        help=f"which, from 0; default {ARRAY_INDEX}, else 0",
    )
    add("--ocr", default=LANGUAGES, metavar="LANGUAGES", help="or none; default %(default)s")
    arguments = parser.parse_args(argv)
    log.configure()
    return run_reporting(
        lambda: convert(
            arguments.input,
            arguments.output,
            labels=arguments.labels,
            share=_share(arguments.share, arguments.shares),
            languages=None if arguments.ocr == "none" else arguments.ocr,
        )
    )


def _share(index: str, shares: int) -> Share:
    if not index.isdecimal() or int(index) >= shares:
        raise ClientError(f"There is no share '{index}' of {shares}: they count from 0.")
    return Share(int(index), shares)


if __name__ == "__main__":
    sys.exit(main())
