"""A report of predictions that nobody has labels for: what was found, and what to look at first."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from common.job.files import write_atomically
from common.pages.channel import Channel
from common.results.filmstrip import COLUMNS, film_strips
from common.results.palette import swatches
from common.results.predictions import Predictions
from common.results.readings import differences
from common.results.report import MOST_PAGES, MOST_STREAMS, template


def write_prediction_report(file: Path, channel: Channel, predictions: Predictions) -> None:
    """Write one file without scripts or links to elsewhere; the same inputs give the same bytes."""
    segments = predictions.segments
    review = [segment for segment in segments if segment.status == "review"]
    pages = _drawn(channel)
    because = {page.key: tuple(v.text for v in page.because) for page in predictions.pages}
    html = template("prediction_report.html.j2").render(
        channel=channel,
        segments=segments,
        review=sorted(review, key=lambda segment: segment.confidence),
        classes=swatches(label for page in predictions.pages for label in page.probabilities),
        counts=Counter(segment.label for segment in segments).most_common(),
        strips=list(film_strips(channel, segments, segments, pages, because)),
        confidence={found.stream: found.confidence for found in predictions.streams},
        others={found.stream: differences(found) for found in predictions.streams},
        columns=COLUMNS,
        most={"streams": MOST_STREAMS, "pages": MOST_PAGES},
    )
    write_atomically(file, html.encode())


def _drawn(channel: Channel) -> dict[str, int]:
    """How many pages of which streams are drawn: the first streams, as far as there is room."""
    pages: dict[str, int] = {}
    for rows in channel.streams[:MOST_STREAMS]:
        room = MOST_PAGES - sum(pages.values())
        if room > 0:
            pages[channel.pages[rows.start].stream] = min(len(rows), room)
    return pages
