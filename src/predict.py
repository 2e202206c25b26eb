"""Take streams apart: PDFs, scans or a channel, by an ensemble, to documents with their confidence.

Prints them. Writes, to --output, pages.jsonl, segments.jsonl and streams.jsonl, and page_outputs/
with what each base model says alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from common.documents.given import Given, Part, open_given, write_parts
from common.documents.ocr import LANGUAGES
from common.job import log
from common.job.command import run_reporting
from common.job.errors import ClientError
from common.job.flags import whole_number
from common.job.folders import lies_in
from common.job.objects import is_remote
from common.models.artifacts import Ensemble, load_ensemble
from common.pages.outputs import PageOutputs
from common.results.acceptance import acceptance_of
from common.results.decisions import decided
from common.results.drift import Reference, reference_from, shifts_of
from common.results.drift_report import in_words, write_drift
from common.results.europace import read_categories, write_europace
from common.results.prediction_report import write_prediction_report
from common.results.predictions import (
    Predictions,
    explained,
    write_base_outputs,
    write_predictions,
)
from common.results.summary import segment_table

EUROPACE_FILE = "europace.json"


def predict(arguments: argparse.Namespace) -> None:
    """Read, take apart, print; write what else was asked for."""
    _refuse_places(arguments)
    ensemble = load_ensemble(arguments.model)
    reference = reference_of(ensemble) if arguments.drift else None
    categories = {}
    if arguments.categories:
        categories = read_categories(arguments.categories, ensemble.classes)
    with tempfile.TemporaryDirectory(prefix="given-") as scratch:
        languages = None if arguments.ocr == "none" else arguments.ocr
        given = open_given(arguments.input, Path(scratch), languages)
        channel = given.channel
        evidence = ensemble.evidence(channel)
        posteriors = ensemble.posteriors(channel, evidence, arguments.n_best)
        acceptance = acceptance_of(ensemble.decision)
        predictions = decided(channel, ensemble.classes, evidence, posteriors, acceptance)
        if arguments.explain:
            labels = [page.label for page in predictions.pages]
            votes = ensemble.explain(channel, labels, arguments.explain)
            predictions = explained(predictions, votes)
        write(arguments, given, predictions, evidence.modalities, categories)
        shifts = shifts_of(reference, channel, predictions.segments) if reference else {}
    print(segment_table(predictions.segments))
    if shifts:
        write_drift(arguments.drift, shifts)
        print(in_words(shifts))
    for each in given.refused:
        print(f"Not read: {each.name}: {each.reason}.", file=sys.stderr)


def reference_of(ensemble: Ensemble) -> Reference:
    """What training's documents look like, as the ensemble keeps it."""
    if ensemble.reference is None:
        raise ClientError(
            "--drift: the ensemble does not say what its training documents look like, as one "
            "that is trained now does. Train it anew, or predict without it."
        )
    return reference_from(ensemble.reference)


def write(
    arguments: argparse.Namespace,
    given: Given,
    predictions: Predictions,
    base_outputs: Sequence[PageOutputs],
    categories: dict[str, str],
) -> None:
    """Write what was asked for, where it was asked for."""
    if arguments.output:
        write_base_outputs(arguments.output, base_outputs)
        write_predictions(arguments.output, *predictions)
    if categories:
        file = arguments.output / EUROPACE_FILE
        write_europace(file, given.channel.pages, predictions.pages, categories)
    if arguments.report:
        write_prediction_report(arguments.report, given.channel, predictions)
    if arguments.split:
        parts = [
            Part(each.stream, each.document, each.first_page, each.last_page, each.label)
            for each in predictions.segments
        ]
        write_parts(arguments.split, given, parts)


def _refuse_places(arguments: argparse.Namespace) -> None:
    """What is written lies neither in the model nor in what is read."""
    for target in ("output", "split", "report", "drift"):
        for source in ("model", "input"):
            written, read = getattr(arguments, target), getattr(arguments, source)
            if written and not is_remote(str(read)) and lies_in(written, Path(read)):
                raise ClientError(
                    f"--{target} ({written}) lies in --{source} ({read}), where predictions would "
                    "overwrite what is there. Name a folder outside it."
                )


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line, predict; returns the exit status."""
    arguments = parse(argv)
    log.configure()
    return run_reporting(lambda: predict(arguments))


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(prog="predict.py", description=__doc__)
    for name, wanted, metavar, help_text in (
        ("--model", True, "DIR", "the ensemble that train_sequence.py wrote"),
        ("--output", False, "DIR", "where the predictions go"),
        ("--split", False, "DIR", "write a PDF for each document here, its label in its name"),
        ("--report", False, "FILE", "write a report to look at here"),
        ("--drift", False, "DIR", "write how far this is from what training saw here"),
        ("--categories", False, "CSV", "europace: columns label, category"),
    ):
        parser.add_argument(name, type=Path, required=wanted, metavar=metavar, help=help_text)
    parser.add_argument(
        "--input",
        required=True,
        metavar="PLACE",
        help="a PDF, TIFF, PNG, JPEG, ZIP, a folder or s3://… of them, or a channel",
    )
    parser.add_argument(
        "--format",
        choices=("jsonl", "europace"),
        default="jsonl",
        help=f"europace: write {EUROPACE_FILE} to --output too, by --categories",
    )
    parser.add_argument(
        "--ocr",
        default=LANGUAGES,
        metavar="LANGUAGES",
        help="of pages without a text layer: tesseract's names, or none; default %(default)s",
    )
    parser.add_argument(
        "--n-best",
        type=whole_number(1),
        default=3,
        metavar="N",
        help="write the N most probable readings of each stream; default %(default)s",
    )
    parser.add_argument(
        "--explain",
        type=whole_number(0),
        default=0,
        metavar="N",
        help="write with each page the N pieces of its text that spoke most for its label",
    )
    arguments = parser.parse_args(argv)
    if (arguments.format == "europace") != bool(arguments.categories):
        parser.error("--format europace and --categories go together")
    if arguments.format == "europace" and not arguments.output:
        parser.error("--format europace needs --output")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
