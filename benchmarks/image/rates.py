"""The cyclic learning rate against fixed ones: epochs to the best fixed rate's best macro-F1.

    PYTHONPATH=src:. python -m benchmarks.image.rates --data FOLDER --output out/rates

FOLDER holds the channels train, validation and test. Every fixed rate is tried with the first
seed, the best of them and the cyclic rate with all; trainings that are in the output folder are
not made again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.image.trainings import Data, read_data, training
from numpy.typing import NDArray

from common.models.heads import score
from common.results.charts import FIRST, MUTED, SECOND, Chart, canvas, clear, to_file, to_svg

CYCLIC = "cyclic"


def curve(arguments: argparse.Namespace, data: Data, rate: float | None, seed: int) -> NDArray:
    """Macro-F1 on validation after each epoch, at a fixed rate or (None) the cyclic one."""
    settings: dict[str, Any] = {
        "height": arguments.height,
        "width": arguments.width,
        "depth": arguments.depth,
        "epochs": arguments.epochs,
        "seed": seed,
    }
    if rate is not None:
        settings |= {"min_lr": rate, "max_lr": rate}
    file = arguments.output / f"{CYCLIC if rate is None else f'{rate:g}'}-{seed}.npz"
    targets = data.targets("validation")
    heads = training(file, settings, data).heads["validation"]
    return np.array([score(of_epoch, targets)["macro_f1"] for of_epoch in heads])


def first_at_least(curve: NDArray, wanted: float) -> int | None:
    """The first epoch, counted from 1, at which a curve has got so far."""
    reached = np.flatnonzero(curve >= wanted)
    return int(reached[0]) + 1 if len(reached) else None


def table(rate: float, fixed: Sequence[NDArray], cyclic: Sequence[NDArray]) -> str:
    """A row for each seed, of curves of one fixed rate and of the cyclic one."""
    lines = [
        f"| seed | best macro-F1 at {rate:g} | in epoch | the cyclic rate gets there in epoch "
        "| its own best | in epoch |",
        f"|{' --- |' * 6}",
    ]
    for seed, (one, other) in enumerate(zip(fixed, cyclic, strict=True), 1):
        there = first_at_least(other, one.max())
        lines.append(
            f"| {seed} | {one.max():.3f} | {one.argmax() + 1} | {there or 'never'} "
            f"| {other.max():.3f} | {other.argmax() + 1} |"
        )
    return "\n".join(lines)


def chart(rate: float, fixed: Sequence[NDArray], cyclic: Sequence[NDArray]) -> Chart:
    """Macro-F1 on validation by epoch; thin: each seed, bold: their mean."""
    with canvas(520, 320) as figure:
        axes = clear(figure.add_subplot())
        for curves, colour, name in ((fixed, SECOND, f"fixed, {rate:g}"), (cyclic, FIRST, CYCLIC)):
            epochs = np.arange(1, len(curves[0]) + 1)
            for one in curves:
                axes.plot(epochs, one, color=colour, linewidth=0.6, alpha=0.5)
            axes.plot(epochs, np.mean(curves, axis=0), color=colour, label=name)
        axes.set_xlabel("epoch")
        axes.set_title("Macro-F1 on validation", color=MUTED)
        axes.legend(frameon=False)
        return Chart(to_svg(figure), "Macro-F1 on validation by epoch, at two learning rates")


def main() -> None:
    arguments = _parser().parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    with read_data(arguments.data, arguments.height, arguments.width) as data:
        first = arguments.seeds[0]
        tried = {rate: curve(arguments, data, rate, first) for rate in arguments.rates}
        best = max(tried, key=lambda rate: float(tried[rate].max()))
        fixed = [curve(arguments, data, best, seed) for seed in arguments.seeds]
        cyclic = [curve(arguments, data, None, seed) for seed in arguments.seeds]
    for rate, one in tried.items():
        print(f"fixed {rate:g}: best {one.max():.3f} in epoch {one.argmax() + 1}")
    print(table(best, fixed, cyclic))
    (arguments.output / "rates.svg").write_text(to_file(chart(best, fixed, cyclic)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder of the channels")
    parser.add_argument("--output", type=Path, required=True, help="folder of trainings and chart")
    parser.add_argument("--rates", type=float, nargs="+", default=[0.003, 0.01, 0.03, 0.1])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--height", type=int, default=128)
    parser.add_argument("--width", type=int, default=96)
    parser.add_argument("--depth", type=int, default=5)
    return parser


if __name__ == "__main__":
    main()
