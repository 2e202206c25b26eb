"""Take streams apart: an ensemble and a channel of pages to segments with their confidence.

Writes pages.jsonl, segments.jsonl and streams.jsonl, and page_outputs/ with what each base model
says alone.
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
from common.results.acceptance import acceptance_of
from common.results.decisions import predictions_of
from common.results.novelty import familiarity
from common.results.predictions import explained, write_base_outputs, write_predictions
from common.results.summary import segment_table


def predict(model: Path, pages: Path, output: Path, *, explain: int, n_best: int) -> None:
    for name, folder in (("--model", model), ("--input", pages)):
        if lies_in(output, folder):
            raise ClientError(
                f"--output ({output}) lies in {name} ({folder}), where predictions would "
                "overwrite what is there. Name a folder outside it."
            )
    ensemble = load_ensemble(model)
    channel = read_channel(pages)
    evidence = ensemble.evidence(channel)
    posteriors = ensemble.posteriors(channel, evidence, n_best)
    acceptance = acceptance_of(ensemble.decision)
    predictions = predictions_of(
        channel,
        ensemble.classes,
        posteriors,
        acceptance.threshold.threshold,
        familiarity(acceptance.known_pages, evidence),
    )
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
        "--n-best",
        type=_positive,
        default=3,
        metavar="N",
        help="write the N most probable readings of each stream; default %(default)s",
    )
    parser.add_argument(
        "--explain",
        type=_count,
        default=0,
        metavar="N",
        help="write with each page the N pieces of its text that spoke most for its label",
    )
    arguments = parser.parse_args(argv)
    log.configure()
    given = arguments.model, arguments.input, arguments.output
    asked = {"explain": arguments.explain, "n_best": arguments.n_best}
    return run_reporting(lambda: predict(*given, **asked))


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1. Got '{text}' instead")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number from 0. Got '{text}' instead")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
