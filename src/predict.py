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
from common.models.artifacts import load_ensemble
from common.pages.channel import read_channel
from common.pages.outputs import write_page_outputs
from common.results.decisions import predictions_of
from common.results.predictions import write_predictions
from common.results.summary import segment_table


def predict(model: Path, pages: Path, output: Path) -> None:
    ensemble = load_ensemble(model)
    channel = read_channel(pages)
    evidence = ensemble.evidence(channel)
    posteriors = ensemble.posteriors(channel, evidence)
    predictions = predictions_of(channel, ensemble.classes, posteriors, ensemble.threshold)
    for outputs in evidence.modalities:
        write_page_outputs(output / "page_outputs" / f"{outputs.kind}.npz", outputs)
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
    arguments = parser.parse_args(argv)
    log.configure()
    return run_reporting(lambda: predict(arguments.model, arguments.input, arguments.output))


if __name__ == "__main__":
    sys.exit(main())
