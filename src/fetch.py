"""Make an execution's own copy of labelled pages: train, validation, test, and a manifest.

The input holds these three channels, or is one channel, which is then split by stream, the same way
each time; with --labels it is what convert left of PDFs and scans. Besides them are written:
requests/, the test streams as the served ensemble takes them, and, last of all, manifest.json with
counts and fingerprints.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from common.documents.channels import write_streams
from common.documents.file_shares import read_shares
from common.documents.sources import Refusal
from common.documents.streams import labelled_by, only_labelled, unlabelled_streams
from common.job import log
from common.job.command import run_reporting
from common.job.errors import ClientError
from common.job.files import write_json
from common.job.folders import Folders
from common.job.objects import fetched, fetched_file, store, target
from common.pages.channel import PAGES_FILE, Channel, read_channel
from common.pages.copies import REQUESTS, copy_channel, manifest_of, write_requests
from common.pages.splitting import split_by_stream
from common.pages.training_channels import read_training_channels

NAMES = ("train", "validation", "test")
MANIFEST = "manifest.json"
REFUSED = "refused.json"


def fetch(
    source: str, output: str, *, labels: str | None, split: tuple[float, float], seed: int
) -> None:
    with tempfile.TemporaryDirectory(prefix="fetch-") as scratch:
        place = Path(scratch)
        given = fetched(source, place / "given")
        made = target(output, place / "made")
        if labels is None:
            channels, how = _channels(given, split, seed)
        else:
            refused = label(given, fetched_file(labels, place / "labels"), place / "labelled")
            channels, how = _channels(place / "labelled", split, seed)
            write_json(made / REFUSED, [vars(each) for each in refused])
            how["refused_files"] = len(refused)
        for name, channel in channels.items():
            copy_channel(channel, made / name)
            log.logger.info("%s: %d streams, %d pages", name, len(channel.streams), len(channel))
        read_training_channels(Folders(made, made, {name: made / name for name in NAMES}))
        copies = {name: read_channel(made / name, name=name, labelled=True) for name in NAMES}
        write_requests(copies["test"], made / REQUESTS)
        write_json(made / MANIFEST, manifest_of(copies, source=source, **how))
        store(made, output, last=MANIFEST)


def label(converted: Path, labels: Path, folder: Path) -> list[Refusal]:
    """Make one channel of what all jobs have converted; returns what they could not read.

    Raises:
        ClientError: a job is missing, or the labels do not fit the files.
    """
    files, refused = read_shares(converted)
    streams = only_labelled(labelled_by(unlabelled_streams(files), labels, refused))
    if not streams:
        raise ClientError(f"{labels} labels none of the {len(files)} files that were read.")
    write_streams(folder, streams)
    return refused


def _channels(
    given: Path, split: tuple[float, float], seed: int
) -> tuple[dict[str, Channel], dict[str, object]]:
    """The three channels, and how they came about."""
    if (given / PAGES_FILE).is_file():
        whole = read_channel(given, labelled=True)
        validation, test = split
        shares = {"train": 1 - validation - test, "validation": validation, "test": test}
        parts = split_by_stream(whole, shares, seed)
        return parts, {"split": list(split), "seed": seed}
    missing = [name for name in NAMES if not (given / name / PAGES_FILE).is_file()]
    if missing:
        raise ClientError(
            f"{given}: there is neither {PAGES_FILE} nor a channel in {', '.join(missing)}. "
            f"Name a folder with {PAGES_FILE}, or with the channels {', '.join(NAMES)}."
        )
    found = {name: read_channel(given / name, name=name, labelled=True) for name in NAMES}
    return found, {"split": None}


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line, copy; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--input", required=True, metavar="PLACE", help="folder or s3://…")
    parser.add_argument("--output", required=True, metavar="PLACE", help="folder or s3://…")
    parser.add_argument(
        "--labels",
        default="none",
        metavar="PLACE",
        help="CSV, where convert made the input of files; path or s3://…, or none",
    )
    parser.add_argument(
        "--split",
        type=_shares,
        default=(0.2, 0.2),
        metavar="V,T",
        help="shares of the streams for validation and test; default 0.2,0.2",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the split; default %(default)s")
    arguments = parser.parse_args(argv)
    log.configure()
    places = arguments.input, arguments.output
    labels = None if arguments.labels == "none" else arguments.labels
    how = {"labels": labels, "split": arguments.split, "seed": arguments.seed}
    return run_reporting(lambda: fetch(*places, **how))


def _shares(text: str) -> tuple[float, float]:
    try:
        validation, test = (float(part) for part in text.split(","))
    except ValueError:
        validation, test = 0, 0
    if not (0 < validation < 1 and 0 < test < 1 and validation + test < 1):
        raise argparse.ArgumentTypeError(
            f"must be two shares such as 0.2,0.2. Got '{text}' instead"
        )
    return validation, test


if __name__ == "__main__":
    sys.exit(main())
