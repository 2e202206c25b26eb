"""Learning curves: loss and scores by epoch, with the learning rate drawn in behind the loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from common.results.charts import (
    FIRST,
    MUTED,
    RATE,
    SECOND,
    THIRD,
    Chart,
    canvas,
    clear,
    to_svg,
)
from common.results.history import History

WIDTH, HEIGHT = 320, 320  # pixels
STYLES = (  # colour, dashes, and the class of the same stroke in the style sheet
    (FIRST, "-", "stroke-1"),
    (SECOND, (0, (5, 2)), "stroke-2"),
    (THIRD, (0, (1.2, 1.6)), "stroke-3"),
)


def learning_curves(model: str, history: History) -> Chart:
    """Two panels over the same epochs; whatever the history lacks is not drawn."""
    losses = [name for name in history.names if name.endswith("loss")]
    losses.sort(key=lambda name: not name.startswith("validation"))
    scores = [name for name in history.names if name.endswith(("accuracy", "f1", "with_label"))]
    losses, scores = losses[: len(STYLES)], scores[: len(STYLES)]
    with canvas(WIDTH, HEIGHT) as figure:
        loss, score = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        _draw(clear(loss), history, losses)
        loss.set_title("loss")
        _draw_rate(loss, history)
        _draw(clear(score), history, scores)
        score.set_title("scores")
        score.set_xlabel("epoch")
        score.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        svg = to_svg(figure)
    return Chart(svg, _describe(model, history), _legend(history, losses, scores))


def _draw(axes: Axes, history: History, names: Sequence[str]) -> None:
    for name, (colour, dashes, _) in zip(names, STYLES, strict=False):
        points = history.series(name)
        single = "o" if len(points) == 1 else None
        axes.plot(*zip(*points, strict=True), color=colour, linestyle=dashes, marker=single)


def _draw_rate(axes: Axes, history: History) -> None:
    """The rate as an area on an axis of its own at the right, behind the curves."""
    if not history.learning_rate:
        return
    epochs, rates = zip(*corners(history.learning_rate), strict=True)
    right = clear(axes.twinx())
    right.fill_between(epochs, rates, color=RATE, alpha=0.22, linewidth=0)
    right.plot(epochs, rates, color=RATE, linewidth=0.8)
    right.set_ylim(0, 1.08 * max(rates) or 1)
    right.set_ylabel("learning rate", rotation=270, labelpad=12, color=MUTED)
    right.grid(visible=False)
    right.yaxis.set_major_locator(MaxNLocator(3))
    right.set_zorder(axes.get_zorder() - 1)


def corners(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points at which a curve bends: thousands of steps make a handful of straight lines."""
    x, y = np.array(points, dtype=np.float64).T
    slope = np.diff(y) / np.maximum(np.diff(x), 1e-12)
    bend = np.abs(np.diff(slope)) > 1e-6 * np.abs(slope).max(initial=0)
    keep = np.concatenate([[True], bend, [True]])[: len(points)]
    return [point for point, kept in zip(points, keep, strict=True) if kept]


def _legend(
    history: History, losses: Sequence[str], scores: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    lines = [
        (stroke, name.replace("_", " ").replace("f1", "F1"))
        for names in (losses, scores)
        for name, (_, _, stroke) in zip(names, STYLES, strict=False)
    ]
    rate = [("stroke-rate", "learning rate")] if history.learning_rate else []
    return (*lines, *rate)


def _describe(model: str, history: History) -> str:
    sentences = [f"Learning curves of the {model} model over {len(history.epochs)} epochs."]
    for name in history.names:
        points = history.series(name)
        if points:
            first, last = points[0][1], points[-1][1]
            sentences.append(f"{name.replace('_', ' ')} from {first:.3g} to {last:.3g}.")
    if history.learning_rate:
        rates = [rate for _, rate in history.learning_rate]
        sentences.append(f"Learning rate between {min(rates):.2g} and {max(rates):.2g}.")
    return " ".join(sentences)
