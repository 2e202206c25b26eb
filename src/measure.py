"""Measure what a served ensemble answered against the labels of the same streams.

Writes metrics.json; docs/metrics.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from common.job import log
from common.job.command import run_reporting
from common.job.files import write_json
from common.job.objects import fetched, store, target
from common.pages.channel import read_channel
from common.results.answers import read_answers
from common.results.systems import HEADLINE, judge


def measure(labelled: str, scored: str, metrics: str) -> None:
    folder, _, name = metrics.rpartition("/")
    with tempfile.TemporaryDirectory(prefix="measure-") as scratch:
        place = Path(scratch)
        channel = read_channel(fetched(labelled, place / "labelled"), name="test", labelled=True)
        predictions = read_answers(fetched(scored, place / "scored"), place / "predictions")
        found = judge(channel, predictions).metrics
        made = target(folder, place / "made")
        write_json(made / name, found.as_dict())
        store(made, folder)
    log.logger.info("%s %.3f", HEADLINE, found[HEADLINE].value)


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line, measure; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, help_text in (
        ("--labelled", "channel: pages.jsonl, every page labelled; folder or s3://…"),
        ("--scored", "answers, *.out; folder or s3://…"),
        ("--metrics", "file to write; path or s3://…"),
    ):
        parser.add_argument(name, required=True, metavar="PLACE", help=help_text)
    arguments = parser.parse_args(argv)
    log.configure()
    places = arguments.labelled, arguments.scored, arguments.metrics
    return run_reporting(lambda: measure(*places))


if __name__ == "__main__":
    sys.exit(main())
