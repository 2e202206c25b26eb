"""Predictions in the page shape of Europace's document API.

A record a page: `dokumentId`, `seite` from 1, `drehung` (degrees clockwise that turn the page
upright), `klassifizierung.kategorien`: category IDs, the likeliest first.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from common.job.errors import refuse
from common.job.files import write_json
from common.pages.page import Page
from common.results.predictions import PagePrediction

BLANK = "Leerseite"
UNKNOWN = "Sonstiges"  # says nothing, and is never a result
COLUMNS = ("label", "category")
CATEGORIES = Path(__file__).with_name("europace_categories.txt")


def read_categories(file: Path, classes: Sequence[str]) -> dict[str, str]:
    """Category of each class, from a CSV with the columns label and category.

    Raises:
        ClientError: names every class without a category, and every category that is none.
    """
    with file.open(encoding="utf-8-sig", newline="") as lines:
        table = csv.DictReader(lines)
        columns, rows = table.fieldnames or (), list(table)
    known = set(CATEGORIES.read_text(encoding="utf-8").split())
    missing = [name for name in COLUMNS if name not in columns]
    refuse(
        [f"{file} line 1: no column '{name}'." for name in missing],
        remedy=f"The first line must be {','.join(COLUMNS)}.",
    )
    found = {(row["label"] or "").strip(): (row["category"] or "").strip() for row in rows}
    problems = [
        f"{file} line {number}, field 'category': '{category}' is no category of Europace's."
        for number, category in enumerate(found.values(), start=2)
        if category not in known
    ]
    problems += [f"{file}: class '{label}' has none." for label in classes if label not in found]
    refuse(problems, remedy=f"Give each class one of {CATEGORIES}.")
    return found


def write_europace(
    file: Path,
    pages: Sequence[Page],
    predictions: Iterable[PagePrediction],
    categories: Mapping[str, str],
) -> None:
    """Write the predictions of pages, both in the same order, as one JSON array."""
    records = [
        _record(page, prediction, categories)
        for page, prediction in zip(pages, predictions, strict=True)
    ]
    write_json(file, records)


def _record(
    page: Page, prediction: PagePrediction, categories: Mapping[str, str]
) -> dict[str, Any]:
    empty = page.blank or not (page.has_text or page.has_image)
    ranked = [BLANK] if empty else _ranked(prediction, categories)
    return {
        "dokumentId": page.stream,
        "seite": page.page,
        "drehung": page.rotation,
        "klassifizierung": {"kategorien": ranked},
    }


def _ranked(prediction: PagePrediction, categories: Mapping[str, str]) -> list[str]:
    """That of the document first; the others by the sum of their classes' probabilities."""
    sums: dict[str, float] = {}
    for label, probability in prediction.probabilities.items():
        category = categories[label]
        sums[category] = sums.get(category, 0.0) + probability
    decided = categories[prediction.label]
    order = sorted(sums, key=lambda category: (category != decided, -sums[category], category))
    return [category for category in order if category != UNKNOWN]
