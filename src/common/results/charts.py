"""Pictures for the report: SVG that takes its colours and its font from the page around it.

The same figures give the same bytes: identifiers are salted hashes, and no date is written.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

# Placeholders that matplotlib takes for colours; each becomes a variable of the page's style
# sheet, so that a chart follows light and dark mode.
INK, MUTED, LINE = "#010101", "#010102", "#010103"
FIRST, SECOND, THIRD, RATE = "#010104", "#010105", "#010106", "#010107"
VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    FIRST: "var(--series-1)",
    SECOND: "var(--series-2)",
    THIRD: "var(--series-3)",
    RATE: "var(--rate)",
}
_BY_DAY = {
    "--ink": "#1b1c1f",
    "--muted": "#66676d",
    "--line": "#e2dfd8",
    "--series-1": "#24518a",
    "--series-2": "#c26a00",
    "--series-3": "#2f8f63",
    "--rate": "#8a8f98",
}
PIXEL = 1 / 72  # inches: matplotlib writes SVG at 72 to the inch

_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "document-ensemble",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
}


@dataclass(frozen=True)
class Chart:
    """A picture, what it shows in words, and what its lines are: (style class, name)."""

    svg: str
    description: str
    legend: tuple[tuple[str, str], ...] = ()


@contextmanager
def canvas(width: float, height: float) -> Iterator[Figure]:
    """A figure of the given size in pixels, in the report's style."""
    with matplotlib.style.context(["default", _STYLE], after_reset=True):
        figure = Figure((width * PIXEL, height * PIXEL), layout="constrained", facecolor="none")
        FigureCanvasSVG(figure)
        yield figure


def clear(axes: Axes) -> Axes:
    """Axes that let the page show through."""
    axes.set_facecolor("none")
    axes.tick_params(length=0, pad=5)
    return axes


def to_svg(figure: Figure) -> str:
    """The figure as an SVG element to be put into a page. Call within `canvas`."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True)
    return _at_home_in_html(buffer.getvalue())


def to_file(chart: Chart) -> str:
    """The chart as a file of its own, in the report's colours by day on white."""
    colours = "".join(f"{name}:{colour};" for name, colour in _BY_DAY.items())
    style = f"<style>svg{{{colours}background:#fff;font-family:sans-serif}}</style>"
    title = f"<title>{escape(chart.description)}</title>"
    opening = chart.svg.index(">") + 1
    return chart.svg[:opening] + title + style + chart.svg[opening:]


def _at_home_in_html(svg: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)  # holds the date
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)  # would rule the whole page
    svg = re.sub(r'<g id="[^"]*"(/?)>', r"<g\1>", svg)  # identifiers that charts would share
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    svg = re.sub(r'^(<svg[^>]*?) width="[^"]*"', r"\1", svg)
    svg = re.sub(r'^(<svg[^>]*?) height="[^"]*"', r"\1", svg)
    svg = svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
    for placeholder, variable in VARIABLES.items():
        svg = svg.replace(placeholder, variable)
    return svg
