"""What each choice in the image model's training brings, on validation and test.

    PYTHONPATH=src:. python -m benchmarks.image.ablation --data FOLDER --output out/ablation

FOLDER holds the channels train, validation and test. Trainings that are in the output folder are
not made again.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.image.trainings import Data, Training, read_data, training

_NAG = {"optimizer": "nag", "momentum": 0.9, "max_lr": 0.03}
CHANGES: dict[str, dict[str, Any]] = {
    "base": {},
    "no augmentation": {"augmentation": 0},
    "no dropout": {"dropout": 0},
    "no label smoothing": {"label_smoothing": 0},
    "momentum 0.9, max_lr 0.01": {"momentum": 0.9, "max_lr": 0.01},
    "bfloat16": {"precision": "bfloat16"},
    "nag": _NAG,
    "nag, start_filter 8": {**_NAG, "start_filter": 8},
}
SHOWN = ("accuracy", "macro_f1", "first_page_accuracy")


def row(name: str, found: Sequence[Mapping[str, Mapping[str, float]]]) -> str:
    """Means over seeds of each channel's figures."""
    means = [
        np.mean([one[channel][figure] for one in found])
        for channel in ("validation", "test")
        for figure in SHOWN
    ]
    return f"| {name} | {len(found)} | {' | '.join(f'{mean:.3f}' for mean in means)} |"


def figures(
    one: Training, data: Data, epochs: list[int] | None = None
) -> dict[str, dict[str, float]]:
    """Scores by channel of the networks after `epochs`, or (None) of the one that is kept."""
    epochs = epochs or [one.kept(data.targets("validation"))]
    return {name: one.scores(name, data.targets(name), epochs) for name in one.heads}


def rows(arguments: argparse.Namespace, data: Data) -> list[str]:
    lines = []
    for name in arguments.changes:
        found = []
        for seed in arguments.seeds:
            settings = {
                "height": arguments.height,
                "width": arguments.width,
                "depth": arguments.depth,
                "epochs": arguments.epochs,
                "seed": seed,
                **CHANGES[name],
            }
            file = arguments.output / f"{name}-{arguments.height}-{seed}.npz"
            found.append(training(file, settings, data))
        lines.append(row(name, [figures(one, data) for one in found]))
        if name == "base":
            for count in range(2, arguments.epochs // arguments.cycle_length + 1):
                ends = range(arguments.epochs, 0, -arguments.cycle_length)[:count]
                ensemble = [figures(one, data, list(ends)) for one in found]
                lines.append(row(f"base, snapshot_ensemble {count}", ensemble))
    return lines


def main() -> None:
    arguments = _parser().parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    with read_data(arguments.data, arguments.height, arguments.width) as data:
        lines = rows(arguments, data)
    figures = "accuracy | macro-F1 | first page |"
    print(f"| | seeds | validation: {figures} test: {figures}\n|{' --- |' * 8}")
    print("\n".join(lines))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder of the channels")
    parser.add_argument("--output", type=Path, required=True, help="folder of the trainings")
    parser.add_argument("--changes", nargs="+", choices=CHANGES, default=list(CHANGES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--epochs", type=int, default=30, help="a multiple of cycle_length")
    parser.add_argument("--cycle_length", type=int, default=10)
    parser.add_argument("--height", type=int, default=128)
    parser.add_argument("--width", type=int, default=96)
    parser.add_argument("--depth", type=int, default=5)
    return parser


if __name__ == "__main__":
    main()
