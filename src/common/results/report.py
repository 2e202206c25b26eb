"""report.html: one file without scripts or links to elsewhere, made to be read and passed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import jinja2
import numpy as np

from common.job.files import write_atomically
from common.pages.channel import Channel
from common.results.bootstrap import DRAWS
from common.results.calibration import reliability
from common.results.catalogue import Metric, catalogue
from common.results.charts import Chart
from common.results.comparison import Comparison
from common.results.coverage_chart import coverage_chart
from common.results.filmstrip import COLUMNS, Strip, film_strips
from common.results.history import History
from common.results.learning_curves import learning_curves
from common.results.palette import swatches
from common.results.predictions import Predictions
from common.results.readings import differences
from common.results.reliability_chart import reliability_chart
from common.results.segments import true_segments
from common.results.standings import Standing, cell, standings, verdicts
from common.results.systems import System, better_base, contest

HEADLINES = ("segment_f1_with_label", "boundary_f1", "stp", "mndd", "coverage_at_precision")
MOST_STREAMS = 24
MOST_PAGES = 500


def write_report(
    file: Path,
    channel: Channel,
    predictions: Predictions,
    systems: Sequence[System],
    *,
    histories: Mapping[str, History] | None = None,
) -> None:
    """Write the report; the same inputs give the same bytes.

    Args:
        file: where to.
        channel: labelled pages.
        predictions: the ensemble's answer on the same pages.
        systems: how well it did, and what it is compared with: see `beside`.
        histories: by model, for the learning curves.
    """
    ensemble = systems[0]
    html = template("report.html.j2").render(
        channel=channel,
        metrics=ensemble.metrics,
        classes=swatches(ensemble.comparison.labels),
        headlines=_headlines(ensemble),
        comparison=_comparison(systems),
        gallery=_gallery(channel, ensemble.comparison, predictions),
        columns=COLUMNS,
        most={"streams": MOST_STREAMS, "pages": MOST_PAGES},
        confidence=_confidence_charts(ensemble),
        curves={name: learning_curves(name, found) for name, found in (histories or {}).items()},
        decisions=_decisions(ensemble),
        draws=DRAWS,
    )
    write_atomically(file, html.encode())


def template(name: str) -> jinja2.Template:
    """One of those beside this file."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _headlines(ensemble: System) -> list[tuple[Metric, object, tuple[float, float] | None]]:
    """Metric, printed figure and interval of the most telling figures."""
    known = catalogue(ensemble.metrics.target_precision)
    return [
        (known[name], cell(known[name], ensemble.metrics[name]), ensemble.metrics[name].interval)
        for name in HEADLINES
    ]


def _comparison(systems: Sequence[System]) -> dict[str, object]:
    """Table and verdicts; without base outputs the table has one column and nobody is beaten."""
    base = better_base(systems)
    against = contest(systems[0], base) if base else None
    rows = standings(systems, against)
    return {
        "names": [system.name for system in systems],
        "rival": base.name if base else None,
        "groups": _grouped([row for row in rows if not row.metric.detail]),
        "details": _grouped([row for row in rows if row.metric.detail]),
        "verdicts": verdicts(systems),
    }


def _grouped(rows: Sequence[Standing]) -> list[tuple[str, list[Standing]]]:
    return [(name, list(group)) for name, group in groupby(rows, lambda row: row.metric.group)]


@dataclass(frozen=True)
class Gallery:
    """The streams that are drawn, of how many, and what is said of them as a whole."""

    strips: list[Strip]
    streams: int
    flawless: int
    confidence: Mapping[str, float]  # that all of a stream is right, where it was said
    others: Mapping[str, list[tuple[float, list[str]]]]  # other readings of a stream


def _gallery(channel: Channel, comparison: Comparison, predictions: Predictions) -> Gallery:
    """Streams with errors come first into the choice, but keep their reading order.

    A stream that is too long by itself takes the room that is left, for its first pages.
    """
    flawless = {stream.name for stream in comparison.streams if stream.flawless}
    pages: dict[str, int] = {}  # to draw of each chosen stream
    for stream in sorted(comparison.streams, key=lambda stream: stream.name in flawless):
        room = MOST_PAGES - sum(pages.values())
        fits = len(stream) <= room or (room > 0 and len(stream) > MOST_PAGES)
        if len(pages) < MOST_STREAMS and fits:
            pages[stream.name] = min(len(stream), room)
    because = {page.key: tuple(v.text for v in page.because) for page in predictions.pages}
    strips = list(
        film_strips(channel, true_segments(channel), predictions.segments, pages, because)
    )
    return Gallery(
        strips,
        len(comparison.streams),
        len(flawless),
        confidence={found.stream: found.confidence for found in predictions.streams},
        others={found.stream: differences(found) for found in predictions.streams},
    )


def _confidence_charts(ensemble: System) -> list[tuple[str, Chart]]:
    found = ensemble.comparison
    right = found.each("true_page_label") == found.each("predicted_page_label")
    segments = reliability(found.each("segment_confidence"), found.each("exact_with_label"))
    pages = reliability(found.each("page_confidence"), right)
    charts = [
        ("Coverage and precision", coverage_chart(ensemble)),
        ("Confidence of segments", reliability_chart(segments, of="segments")),
        ("Confidence of pages", reliability_chart(pages, of="pages")),
    ]
    known = [stream for stream in found.streams if not np.isnan(stream.confidence)]
    if known:
        streams = reliability(
            np.array([stream.confidence for stream in known]),
            np.array([stream.flawless for stream in known]),
        )
        charts.append(("Confidence of streams", reliability_chart(streams, of="streams")))
    return charts


def _decisions(ensemble: System) -> dict[str, str]:
    """What the threshold did, in percent."""
    known = catalogue(ensemble.metrics.target_precision)
    return {
        name: cell(known[name], ensemble.metrics[name]).value
        for name in ("accepted_coverage", "accepted_precision", "coverage_at_precision")
    }
