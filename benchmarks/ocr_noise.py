"""What OCR errors cost the text model: macro-F1 against the character error rate.

PYTHONPATH=src .venv/bin/python benchmarks/ocr_noise.py --train DIR --validation DIR --test DIR

Prints a Markdown table; the figures are means over seeds and over draws of the noise.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score

from common.job.tables import TextHyperparameters
from common.models.text import TextModel, fit_text_model
from common.pages.channel import Channel, read_channel
from common.pages.ocr_noise import add_noise
from common.pages.outputs import HELD_OUT
from common.training.run import Run

RATES = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2)
DRAWS = 3  # of the noise, for each rate
# Hyperparameters that differ from the encoder's defaults.
TRAININGS: dict[str, dict[str, float]] = {"clean pages alone": {"noise": 0.0}, "default": {}}
ENCODERS = ("ngram", "cnn")


def noise_curve(model: TextModel, channel: Channel, rates: Sequence[float] = RATES) -> list[float]:
    """Macro-F1 of the page classes at each character error rate, over the classes that occur."""
    return [
        float(np.mean([_macro_f1(model, noised(channel, rate, draw)) for draw in range(DRAWS)]))
        if rate
        else _macro_f1(model, channel)
        for rate in rates
    ]


def noised(channel: Channel, rate: float, seed: int) -> Channel:
    """The channel as OCR with this character error rate would have read it."""
    rng = np.random.default_rng(seed)
    pages = tuple(replace(page, content=add_noise(page.text, rate, rng)) for page in channel.pages)
    return replace(channel, pages=pages)


def _macro_f1(model: TextModel, channel: Channel) -> float:
    probabilities = model.outputs(channel, HELD_OUT).probabilities
    predicted = [model.classes[index] for index in probabilities.argmax(axis=1)]
    return float(
        f1_score(
            channel.labels, predicted, labels=channel.classes, average="macro", zero_division=0
        )
    )


def table(
    train: Channel,
    validation: Channel,
    measured: Sequence[Channel],
    encoder: str,
    seeds: Sequence[int],
) -> Iterator[str]:
    """The lines of a Markdown table, a row for each way of training and each channel."""
    yield (
        "| training | channel | " + " | ".join(f"{rate:.0%}" for rate in RATES) + " | lost at 10% |"
    )
    yield "| --- | --- |" + " --- |" * (len(RATES) + 1)
    for name, changes in TRAININGS.items():
        tables = [TextHyperparameters(encoder=encoder, seed=seed, **changes) for seed in seeds]
        models = [
            fit_text_model(train, validation, train.classes, hyperparameters, Run())[0]
            for hyperparameters in tables
        ]
        for channel in measured:
            curve = np.mean([noise_curve(model, channel) for model in models], axis=0)
            lost = 100 * (curve[0] - curve[RATES.index(0.1)])
            figures = " | ".join(f"{value:.3f}" for value in curve)
            yield f"| {name} | {channel.name} | {figures} | {lost:.1f} |"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    for name in ("train", "validation", "test"):
        parser.add_argument(f"--{name}", type=Path, required=name != "test", help="a channel")
    parser.add_argument("--encoder", choices=ENCODERS, default=ENCODERS[0])
    parser.add_argument("--seeds", type=int, default=3, help="how many models are averaged")
    arguments = parser.parse_args(argv)
    train, validation = (
        read_channel(folder, name=name, labelled=True)
        for name, folder in (("train", arguments.train), ("validation", arguments.validation))
    )
    measured = [validation]
    if arguments.test:
        measured.append(read_channel(arguments.test, name="test", labelled=True))
    seeds = range(1, arguments.seeds + 1)
    for line in table(train, validation, measured, arguments.encoder, seeds):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
