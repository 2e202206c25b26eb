"""The text encoders compared: each tells the classes of pages, no sequence model helping.

PYTHONPATH=src:. python benchmarks/text_encoders.py --train DIR --validation DIR --test DIR

Prints a Markdown table, a row for each encoder: accuracy and macro-F1 over the classes that occur,
of each seed, and how long training took. BERT is not among them: it starts from a pretrained one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from time import process_time

from benchmarks.text.scoring import accuracy, macro_f1

from common.job.tables import TextHyperparameters
from common.models.text import fit_text_model
from common.pages.channel import Channel, read_channel
from common.pages.outputs import HELD_OUT
from common.training.run import Run

# Hyperparameters that differ from their defaults.
ENCODERS: dict[str, dict] = {
    "ngram": {},
    "ngram, hidden layer of 64": {"hidden": 64},
    "cnn": {"encoder": "cnn"},
}


def row(name: str, train: Channel, validation: Channel, test: Channel, seeds: Sequence[int]) -> str:
    """A line of the table."""
    told, seconds = [], []
    for seed in seeds:
        hyperparameters = TextHyperparameters(seed=seed, **ENCODERS[name])
        begun = process_time()
        model, _ = fit_text_model(train, validation, train.classes, hyperparameters, Run())
        seconds.append(process_time() - begun)
        best = model.outputs(test, HELD_OUT).probabilities.argmax(axis=1)
        told.append([model.classes[index] for index in best])
    scores = [
        " ".join(f"{figure(test.labels, labels):.3f}" for labels in told)
        for figure in (accuracy, macro_f1)
    ]
    return f"| {name} | {' | '.join(scores)} | {sum(seconds) / len(seconds):.0f} |"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    for name in ("train", "validation", "test"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="a labelled channel")
    parser.add_argument("--seeds", type=int, default=3, help="how many models of each")
    arguments = parser.parse_args(argv)
    channels = [
        read_channel(folder, name=name, labelled=True)
        for name, folder in (
            ("train", arguments.train),
            ("validation", arguments.validation),
            ("test", arguments.test),
        )
    ]
    print("| encoder | accuracy | macro-F1 | training, processor seconds |\n|" + " --- |" * 4)
    for name in ENCODERS:
        print(row(name, *channels, range(1, arguments.seeds + 1)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
