"""Take streams apart: an ensemble and a channel of pages to segments with their confidence.

Writes pages.jsonl and segments.jsonl, and page_outputs/ with what each base model says alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from common.job import log
from common.job.command import run_reporting
from common.job.errors import ClientError
from common.job.folders import lies_in
from common.models.artifacts import load_ensemble
from common.pages.channel import read_channel
from common.results.decisions import predictions_of
from common.results.predictions import explained, write_base_outputs, write_predictions
from common.results.summary import segment_table


def predict(model: Path, pages: Path, output: Path, explain: int) -> None:
    for name, folder in (("--model", model), ("--input", pages)):
        if lies_in(output, folder):
            raise ClientError(
                f"--output ({output}) lies in {name} ({folder}), where predictions would "
                "overwrite what is there. Name a folder outside it."
            )
    ensemble = load_ensemble(model)
    channel = read_channel(pages)
    evidence = ensemble.evidence(channel)
    posteriors = ensemble.posteriors(channel, evidence)
    predictions = predictions_of(channel, ensemble.classes, posteriors, ensemble.threshold)
    if explain:
        labels = [page.label for page in predictions.pages]
        predictions = explained(predictions, ensemble.explain(channel, labels, explain))
    write_base_outputs(output, evidence.modalities)
    write_predictions(output, *predictions)
    print(segment_table(predictions.segments))


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line, predict; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, help_text in (
        ("--model", "the ensemble that train_sequence.py wrote"),
        ("--input", "channel: pages.jsonl and its images"),
        ("--output", "where the predictions go"),
    ):
        parser.add_argument(name, type=Path, required=True, metavar="DIR", help=help_text)
    parser.add_argument(
        "--explain",
        type=_count,
        default=0,
        metavar="N",
        help="write with each page the N pieces of its text that spoke most for its label",
    )
    arguments = parser.parse_args(argv)
    log.configure()
    given = arguments.model, arguments.input, arguments.output, arguments.explain
    return run_reporting(lambda: predict(*given))


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number from 0. Got '{text}' instead")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
