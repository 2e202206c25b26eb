"""Compare predictions with the labels of a channel: metrics as JSON, and a report to look at."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from common.job.command import run_reporting
from common.job.files import write_json
from common.pages.channel import read_channel
from common.results.history import read_histories
from common.results.metrics import TARGET_PRECISION
from common.results.predictions import read_base_outputs, read_predictions
from common.results.report import write_report
from common.results.systems import beside, judge


def compare(arguments: argparse.Namespace) -> None:
    """Read, compare, print; write what else was asked for."""
    channel = read_channel(arguments.pages, labelled=True)
    predictions = read_predictions(arguments.predictions)
    histories = read_histories(arguments.model) if arguments.report and arguments.model else None
    ensemble = judge(channel, predictions, target_precision=arguments.target_precision)
    metrics = ensemble.metrics.as_dict()
    print(json.dumps(metrics, indent=1, ensure_ascii=False), flush=True)
    if arguments.output:
        write_json(arguments.output, metrics)
    if arguments.report:
        base_outputs = read_base_outputs(arguments.predictions)
        others = {name: read_predictions(folder) for name, folder in arguments.beside}
        systems = beside(ensemble, channel, base_outputs, others)
        write_report(arguments.report, channel, predictions, systems, histories=histories)


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line, compare; returns the exit status."""
    arguments = parse(argv)
    return run_reporting(lambda: compare(arguments))


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(
        prog="evaluate.py",
        description="Compare predictions with the labels of a channel. Prints the metrics as JSON, "
        "each with its 95 % bootstrap interval over streams; docs/metrics.md says what they mean.",
    )
    parser.add_argument(
        "--pages",
        type=Path,
        required=True,
        metavar="CHANNEL",
        help="folder with pages.jsonl and images, every page labelled",
    )
    parser.add_argument(
        "--predictions",
        type=Path,
        required=True,
        metavar="DIR",
        help="what src/predict.py wrote for the same pages: pages.jsonl, segments.jsonl, "
        "streams.jsonl, and page_outputs/, if the report is to show the base models beside the "
        "ensemble",
    )
    parser.add_argument(
        "--model",
        type=Path,
        metavar="DIR",
        help="ensemble artifact, for the learning curves in the report",
    )
    parser.add_argument(
        "--beside",
        type=_named_folder,
        action="append",
        default=[],
        metavar="NAME=DIR",
        help="other predictions of the same pages, which the report compares with; may come again",
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write report.html here")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write metrics.json here")
    parser.add_argument(
        "--target-precision",
        type=_share,
        default=TARGET_PRECISION,
        metavar="SHARE",
        help="share of the segments that pass unseen which must be right, in (0, 1]; "
        "default %(default)s",
    )
    return parser.parse_args(argv)


def _named_folder(text: str) -> tuple[str, Path]:
    name, found, folder = text.partition("=")
    if not (name and found and folder):
        raise argparse.ArgumentTypeError(f"must be NAME=DIR. Got '{text}' instead")
    return name, Path(folder)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(
            f"must be a number in the range (0, 1]. Got '{text}' instead"
        )
    return value


if __name__ == "__main__":
    sys.exit(main())
