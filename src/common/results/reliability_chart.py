"""Reliability diagram: what was said against what came true, and how often it was said."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from common.results.calibration import BINS, Reliability
from common.results.charts import FIRST, INK, MUTED, Chart, canvas, clear, to_svg

WIDTH, HEIGHT = 320, 320  # pixels


def reliability_chart(found: Reliability, *, of: str) -> Chart:
    """Dots on the diagonal are calibrated; below it the model is too sure of itself.

    Args:
        found: confidences by bin.
        of: what they are confidences of, such as "segments".
    """
    with canvas(WIDTH, HEIGHT) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        _draw_diagonal(clear(above), found)
        _draw_counts(clear(below), found, of)
        svg = to_svg(figure)
    return Chart(svg, _describe(found, of))


def _draw_diagonal(axes: Axes, found: Reliability) -> None:
    filled = found.count > 0
    said, true = found.confidence[filled], found.accuracy[filled]
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    axes.vlines(said, said, true, color=FIRST, linewidth=1.4, alpha=0.6)
    size = 14 + 90 * found.count[filled] / found.count.sum()
    axes.scatter(said, true, s=size, color=FIRST, linewidths=0, zorder=3, clip_on=False)
    axes.set(xlim=(0, 1), ylim=(0, 1), yticks=np.linspace(0, 1, 6))
    axes.set_title("share that was right")
    axes.annotate("too sure", (0.97, 0.06), ha="right", color=MUTED, fontsize=9)
    axes.annotate("too modest", (0.03, 0.91), color=MUTED, fontsize=9)


def _draw_counts(axes: Axes, found: Reliability, of: str) -> None:
    left = np.arange(BINS) / BINS
    axes.bar(left, found.count, width=0.86 / BINS, align="edge", color=FIRST, alpha=0.55)
    axes.set(xticks=np.linspace(0, 1, 6), xlabel="confidence", yticks=[])
    axes.set_title(f"number of {of}", color=INK)
    axes.grid(visible=False)


def _describe(found: Reliability, of: str) -> str:
    bins = [
        f"{said:.2f} was said {count} ×, {true:.0%} right"
        for count, said, true in zip(found.count, found.confidence, found.accuracy, strict=True)
        if count
    ]
    return f"Reliability diagram of {of}: " + "; ".join(bins) + "."
