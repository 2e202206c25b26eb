"""What it costs the sequence model that pages lack their bitmap or their text.

PYTHONPATH=src .venv/bin/python benchmarks/missing_modality.py --train DIR --validation DIR \
    --test DIR --text DIR --image DIR

Trains both structures, and judges the test streams as they are and with text or bitmaps withheld
from pages drawn at random. Prints a Markdown table with a figure for each seed. Either of the base
models may be left out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from common.job.folders import Folders
from common.job.tables import SequenceHyperparameters
from common.models.sequence import SequenceModel, fit_linear_chain, fit_sequence_model
from common.pages.base_models import BaseModels, read_base_models
from common.pages.evidence import Evidence
from common.pages.examples import Examples
from common.pages.training_channels import read_training_channels
from common.results.catalogue import catalogue
from common.results.comparison import compare
from common.results.decisions import predictions_of
from common.results.novelty import familiarity
from common.results.validation import known_pages_of, score_streams, threshold_for
from common.training.run import say_nothing

DRAWS = 3  # of the pages that lack something
MODALITIES = ("text", "image")
PLACES = ("train", "validation", "test", *MODALITIES)
FIGURES = (
    "page_accuracy",
    "page_macro_f1",
    "boundary_f1",
    "segment_f1_with_label",
    "mndd",
    "stp",
    "page_ece",
    "segment_ece",
    "coverage_at_precision",
    "accepted_coverage",
    "accepted_precision",
)


@dataclass(frozen=True)
class Condition:
    """Shares of the pages that lack their text, their bitmap."""

    name: str
    text: float = 0
    image: float = 0


CONDITIONS = (
    Condition("as they are"),
    Condition("no bitmap, half of the pages", image=0.5),
    Condition("no bitmap", image=1),
    Condition("no text, a tenth of the pages", text=0.1),
    Condition("no text, half of the pages", text=0.5),
)
Figures = dict[str, float]
Found = dict[tuple[str, str], list[Figures]]


def lacking(evidence: Evidence, condition: Condition, rng: np.random.Generator) -> Evidence:
    """The evidence without the text, or the bitmap, of pages drawn at random."""
    kept = {}
    for kind in MODALITIES:
        outputs, pages = getattr(evidence, kind), len(evidence)
        missing = np.zeros(pages, bool)
        missing[rng.permutation(pages)[: round(getattr(condition, kind) * pages)]] = True
        kept[kind] = outputs and replace(outputs, present=outputs.present & ~missing)
    return Evidence(**kept)


def figures(model: SequenceModel, bases: BaseModels, judged: Examples) -> Figures:
    """By name; what is accepted is what validation promises."""
    classes, hp = model.classes, SequenceHyperparameters()
    validation, known = bases.validation, known_pages_of(bases.validation)
    said = model.posteriors(validation.evidence, validation.channel.streams)
    chosen = threshold_for([(validation, said)], classes, known, hp.target_precision)
    found = predictions_of(
        judged.channel,
        classes,
        model.posteriors(judged.evidence, judged.channel.streams),
        chosen.threshold,
        familiarity(known, judged.evidence),
    )
    comparison = compare(judged.channel, *found)
    once = np.ones((1, len(comparison.streams)))
    metrics = catalogue(hp.target_precision)
    return {name: float(metrics[name].of(comparison)(once)[0]) for name in FIGURES}


def conditions(evidence: Evidence) -> list[Condition]:
    """Those that take away something that is there."""
    return [
        condition
        for condition in CONDITIONS
        if all(getattr(evidence, kind) or not getattr(condition, kind) for kind in MODALITIES)
    ]


def measured(bases: BaseModels, test: Examples, classes: Sequence[str], seed: int) -> Found:
    """By structure and condition, the figures of each draw."""
    hp = SequenceHyperparameters(seed=seed)
    score = partial(score_streams, bases.validation.channel, classes)
    learnt_from = bases.train, bases.validation, classes, hp
    models: dict[str, SequenceModel] = {
        "segmental": fit_sequence_model(*learnt_from, score=score, report=say_nothing)[0],
        "chain": fit_linear_chain(*learnt_from, score=score),
    }
    found: Found = {}
    for structure, model in models.items():
        for condition in conditions(test.evidence):
            random = condition.text % 1 or condition.image % 1
            found[structure, condition.name] = [
                figures(model, bases, replace(test, evidence=evidence))
                for evidence in (
                    lacking(test.evidence, condition, np.random.default_rng((seed, draw)))
                    for draw in range(DRAWS if random else 1)
                )
            ]
    return found


def table(found: Sequence[Found]) -> Iterator[str]:
    """The lines of a Markdown table: means over draws, one for each seed."""
    yield "| structure | pages | " + " | ".join(FIGURES) + " |"
    yield "| --- " * (2 + len(FIGURES)) + "|"
    for structure, condition in found[0]:
        draws = [one[structure, condition] for one in found]
        cells = (
            ", ".join(f"{np.mean([draw[name] for draw in of_seed]):.3f}" for of_seed in draws)
            for name in FIGURES
        )
        yield f"| {structure} | {condition} | " + " | ".join(cells) + " |"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    for name in PLACES:
        needed = name not in MODALITIES
        parser.add_argument(f"--{name}", type=Path, required=needed, metavar="DIR")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    arguments = parser.parse_args(argv)
    given = {name: getattr(arguments, name) for name in PLACES if getattr(arguments, name)}
    folders = Folders(model=Path(), output_data=Path(), channels=given)
    channels = read_training_channels(folders)
    with tempfile.TemporaryDirectory(prefix="base-models-") as scratch:
        bases = read_base_models(folders, channels, Path(scratch))
    if bases.test is None:
        parser.error("the base models' jobs said nothing of --test: give them the channel, too")
    found = [measured(bases, bases.test, channels.classes, seed) for seed in arguments.seeds]
    print("\n".join(table(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
