"""How precise the most confident segments are, the more of them pass without a person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from common.results.automation import coverage_curve
from common.results.charts import FIRST, MUTED, SECOND, Chart, canvas, clear, to_svg
from common.results.systems import System

WIDTH, HEIGHT = 320, 320  # pixels


def coverage_chart(system: System) -> Chart:
    """Precision against coverage, with the target and what the system's own threshold reached."""
    coverage, precision = coverage_curve(system.comparison)
    target = system.metrics.target_precision
    accepted = system.metrics["accepted_coverage"].value, system.metrics["accepted_precision"].value
    point = [(x, y) for x, y in [accepted] if x is not None and y is not None]
    with canvas(WIDTH, HEIGHT) as figure:
        axes = clear(figure.add_subplot())
        axes.axhline(target, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.step([0, *coverage], [precision[0], *precision], where="pre", color=FIRST)
        for x, y in point:
            axes.plot(x, y, "D", color=SECOND, markersize=7, clip_on=False)
        lowest = min([*precision, target, *(y for _, y in point)])
        axes.set(xlim=(0, 1), ylim=(max(0, lowest - 0.05), 1.005), xlabel="coverage")
        axes.set_title("precision: both ends and label right")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
        svg = to_svg(figure)
    legend = [("stroke-1", "by order of confidence"), ("stroke-target", f"target {target:.0%}")]
    legend += [("diamond", "accepted")] * len(point)
    return Chart(svg, _describe(coverage, precision, point), tuple(legend))


def _describe(
    coverage: NDArray[np.float64],
    precision: NDArray[np.float64],
    point: Sequence[tuple[float, float]],
) -> str:
    sentences = [
        f"Precision of the most confident segments, from {precision[0]:.0%} at "
        f"{coverage[0]:.0%} coverage to {precision[-1]:.0%} at all of them."
    ]
    sentences += [f"Accepted: {x:.0%} of the segments, {y:.0%} of them right." for x, y in point]
    return " ".join(sentences)
