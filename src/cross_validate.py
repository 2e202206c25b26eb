"""How good is the sequence model? Cross-validate it, beside chains and the base models alone.

All documents of train and validation are held out once, near-duplicates together, and put together
into new streams several times. Prints each figure of each system, and the lead of the segmental
model over the others with its 95 % bootstrap interval over streams.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from common.job import log
from common.job.command import run_reporting
from common.job.files import write_json
from common.job.folders import Folders
from common.job.tables import SequenceHyperparameters
from common.models.cross_validation import Round, cross_validate
from common.pages.base_models import read_base_models
from common.pages.examples import together
from common.pages.page import Page
from common.pages.training_channels import read_training_channels
from common.results.acceptance import Acceptance
from common.results.baselines import baseline, mean_of
from common.results.comparison import compare
from common.results.cross_table import cross_table
from common.results.decisions import decided
from common.results.predictions import Predictions
from common.results.validation import known_pages_of, score_streams, threshold_for

SYSTEMS = {
    "segmental": {},
    "chain, lstm": {"structure": "chain", "encoder": "lstm"},
    "chain": {"structure": "chain"},
}
PLACES = ("train", "validation", "text", "image")


def run(arguments: argparse.Namespace) -> None:
    """Cross-validate and print."""
    given = {name: getattr(arguments, name) for name in PLACES if getattr(arguments, name)}
    folders = Folders(model=Path(), output_data=Path(), channels=given)
    channels = read_training_channels(folders)
    with tempfile.TemporaryDirectory(prefix="base-models-") as scratch:
        bases = read_base_models(folders, channels, Path(scratch))
    examples = together(bases.train, bases.validation)
    rounds = cross_validate(
        examples,
        channels.classes,
        {
            name: SequenceHyperparameters.model_validate({**own, "seed": arguments.seed})
            for name, own in SYSTEMS.items()
        },
        score=lambda channel, posteriors: score_streams(channel, channels.classes, posteriors),
        folds=arguments.folds,
        times=arguments.times,
        seed=arguments.seed,
    )
    pages_held_out: list[Page] = []
    said: dict[str, Predictions] = {}
    for one in log.progress(rounds, what="folds", unit="fold", total=arguments.folds):
        pages_held_out += [page for held_out in one.held_out for page in held_out.channel.pages]
        for name, found in answers(one, channels.classes, arguments.target_precision):
            before = said.setdefault(name, Predictions([], [], []))
            said[name] = Predictions(
                [*before.pages, *found.pages],
                [*before.segments, *found.segments],
                [*before.streams, *found.streams],
            )
    held_out = replace(examples.channel, name="held out", pages=tuple(pages_held_out))
    table = cross_table(
        {name: compare(held_out, *found) for name, found in said.items()},
        copies=arguments.times,
        target_precision=arguments.target_precision,
        seed=arguments.seed,
    )
    if arguments.output:
        write_json(arguments.output, table.as_dict())
    print(table)


def answers(one: Round, classes: Sequence[str], target: float) -> Iterator[tuple[str, Predictions]]:
    """(system, what it says of the held-out streams), one fold; thresholds are validation's."""
    for name in SYSTEMS:
        known = known_pages_of(one.validation)
        validation = [(one.validation, one.of_validation[name])]
        chosen = threshold_for(validation, classes, known, target)
        for held_out, posteriors in zip(one.held_out, one.of_held_out[name], strict=True):
            said_of = held_out.channel, classes, held_out.evidence, posteriors
            yield name, decided(*said_of, Acceptance(chosen, known))
    for held_out in one.held_out:
        alone = held_out.evidence.modalities
        for outputs in alone:
            yield outputs.kind, baseline(outputs)
        if len(alone) == 2:
            yield "mean", baseline(mean_of(*alone))


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line, cross-validate; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, help_text in (
        ("train", "labelled pages"),
        ("validation", "labelled pages of other streams"),
        ("text", "the text model's job: model/ and output/"),
        ("image", "the same of the image model's job"),
    ):
        needed = name in PLACES[:2]
        parser.add_argument(f"--{name}", type=Path, required=needed, metavar="DIR", help=help_text)
    parser.add_argument("--folds", type=int, default=5, help="default %(default)s")
    parser.add_argument(
        "--times", type=int, default=8, help="put together anew; default %(default)s"
    )
    parser.add_argument("--seed", type=int, default=1, help="default %(default)s")
    parser.add_argument("--target-precision", type=float, default=0.99, metavar="SHARE")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the figures as JSON")
    arguments = parser.parse_args(argv)
    log.configure()
    return run_reporting(lambda: run(arguments))


if __name__ == "__main__":
    sys.exit(main())
