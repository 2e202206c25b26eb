"""What has shifted since training, as JSON, as a picture and in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from common.job.files import write_atomically, write_json
from common.results.charts import FIRST, MUTED, Chart, canvas, clear, to_file, to_svg
from common.results.drift import Shift

NAME = "drift"
WIDTH, HEIGHT = 820, 300  # pixels, of each of the things that are looked at
_TITLES = {
    "label": "documents of each class",
    "confidence": "confidence",
    "novelty": "unlike the training pages",
    "readability": "pairs of letters that are common",
}


def write_drift(folder: Path, shifts: Mapping[str, Shift]) -> None:
    """Write `drift.json` and `drift.svg`."""
    write_json(folder / f"{NAME}.json", {name: each.as_dict() for name, each in shifts.items()})
    write_atomically(folder / f"{NAME}.svg", to_file(drift_chart(shifts)).encode())


def in_words(shifts: Mapping[str, Shift]) -> str:
    """A line for a terminal."""
    told = (f"{name} {each.psi:.2f} ({each.verdict})" for name, each in shifts.items())
    return f"Shift since training, PSI: {', '.join(told)}."


def drift_chart(shifts: Mapping[str, Shift]) -> Chart:
    """Bars of training beside bars of now."""
    with canvas(WIDTH, HEIGHT * len(shifts)) as figure:
        for axes, (name, shift) in zip(
            figure.subplots(len(shifts), 1, squeeze=False)[:, 0], shifts.items(), strict=True
        ):
            _draw(clear(axes), shift)
            axes.set_title(
                f"{_TITLES[name]}: PSI {shift.psi:.2f}, shift: {shift.verdict} "
                f"(documents: {sum(shift.training.documents)}, now {sum(shift.documents)})"
            )
        figure.legend(
            *figure.axes[0].get_legend_handles_labels(), loc="outside upper right", frameon=False
        )
        svg = to_svg(figure)
    return Chart(svg, in_words(shifts))


def _draw(axes: Axes, shift: Shift) -> None:
    places = np.arange(len(shift.documents))
    for offset, colour, what, counts in (
        (-0.2, MUTED, "training", shift.training.documents),
        (0.2, FIRST, "now", shift.documents),
    ):
        shares = np.array(counts) / max(sum(counts), 1)
        axes.bar(places + offset, shares, 0.4, color=colour, label=what)
    axes.set_xticks(places, shift.training.names, rotation=20, ha="right")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(visible=False, axis="x")
