"""A report of predictions that nobody has labels for, in which somebody can correct them."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from common.job.files import write_atomically
from common.pages.channel import Channel
from common.results.palette import swatches
from common.results.predictions import Predictions
from common.results.report import template
from common.results.review_data import review_data

SCRIPTS = (
    "review_edits.js",
    "review_parts.js",
    "review_strips.js",
    "review_panel.js",
    "review.js",
)


def write_prediction_report(file: Path, channel: Channel, predictions: Predictions) -> None:
    """Write one file that loads nothing from elsewhere; the same inputs give the same bytes.

    The page runs its own scripts alone, which its policy names by their sha256: whatever a
    document or a file is called, it stays text.
    """
    segments = predictions.segments
    scripts = [(Path(__file__).parent / name).read_text(encoding="utf-8") for name in SCRIPTS]
    html = template("prediction_report.html.j2").render(
        channel=channel,
        segments=segments,
        review=sum(segment.status == "review" for segment in segments),
        classes=swatches(label for page in predictions.pages for label in page.probabilities),
        found=sorted({segment.label for segment in segments}),
        data=_within_script(review_data(channel, predictions)),
        scripts=scripts,
        hashes=[f"'sha256-{_sha256(script)}'" for script in scripts],
    )
    write_atomically(file, html.encode())


def _within_script(value: object) -> str:
    """JSON without a character that could end the element that holds it."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
