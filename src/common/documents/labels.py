"""What people say the pages are: a CSV of page ranges, or folders named after classes."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath

from common.documents.sources import Source
from common.job.errors import ClientError, refuse

COLUMNS = ("file", "first_page", "last_page", "label")


@dataclass(frozen=True)
class LabelledRange:
    """Pages of one file that are one document; both ends included, from 1."""

    first_page: int
    last_page: int
    label: str


def read_labels(
    file: Path, pages: Mapping[str, int], ignored: Sequence[str] = ()
) -> dict[str, list[LabelledRange]]:
    """The labelled ranges of each file, ascending.

    Args:
        file: CSV with the columns file, first_page, last_page, label, between commas or semicolons.
            A file is named as prepare names it, or by its last part where that is unique.
        pages: the number of the last page of each file, by name; of a channel, of each stream.
        ignored: files that were refused; what is said of them is passed over.

    Raises:
        ClientError: names every row that is wrong.
    """
    problems: list[str] = []
    names = _names(pages)
    gone = _names(dict.fromkeys(ignored, 0))
    found: dict[str, list[LabelledRange]] = {}
    for line, row in _rows(file):
        where = f"{file} line {line}"
        name = names.get(row["file"])
        if name is None:
            if row["file"] not in gone:
                problems.append(
                    f"{where}, field 'file': there is no file or stream '{row['file']}'."
                )
            continue
        labelled = _range(where, row, pages[name], problems)
        if labelled is not None:
            found.setdefault(name, []).append(labelled)
    for name, ranges in found.items():
        ranges.sort(key=lambda each: each.first_page)
        problems += _overlaps(file, name, ranges)
    refuse(problems, remedy=f"Correct {file}.")
    return found


def _names(pages: Mapping[str, int]) -> dict[str, str]:
    """Name by each way to say it: whole, or its last part where one file alone has that."""
    last: dict[str, list[str]] = {}
    for name in pages:
        last.setdefault(PurePosixPath(name).name, []).append(name)
    return {part: names[0] for part, names in last.items() if len(names) == 1} | {
        name: name for name in pages
    }


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ClientError(f"{file}: not UTF-8 ({error.reason}). Save it as UTF-8.") from error
    head, *lines = text.splitlines() or [""]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    columns = [name.strip().lower() for name in next(csv.reader([head], delimiter=delimiter), [])]
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise ClientError(
            f"{file} line 1: no column {', '.join(missing)}. The first line must name the columns "
            f"{', '.join(COLUMNS)}."
        )
    reader = csv.reader(lines, delimiter=delimiter)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            padded = [cell.strip() for cell in cells] + [""] * len(columns)
            yield reader.line_num + 1, dict(zip(columns, padded, strict=False))


def _range(
    where: str, row: Mapping[str, str], pages: int, problems: list[str]
) -> LabelledRange | None:
    ends = []
    for field in ("first_page", "last_page"):
        value = row[field]
        if not value.isdecimal() or not 1 <= int(value) <= pages:
            problems.append(
                f"{where}, field '{field}': must be a page from 1 to {pages}. "
                f"Got '{value}' instead."
            )
            return None
        ends.append(int(value))
    if ends[1] < ends[0]:
        problems.append(f"{where}, field 'last_page': {ends[1]} lies before page {ends[0]}.")
    elif not row["label"]:
        problems.append(f"{where}, field 'label': is empty.")
    else:
        return LabelledRange(ends[0], ends[1], row["label"])
    return None


def _overlaps(file: Path, name: str, ranges: Sequence[LabelledRange]) -> Iterator[str]:
    for one, other in pairwise(ranges):
        if other.first_page <= one.last_page:
            yield f"{file}: page {other.first_page} of '{name}' is in two documents."


def label_of_folder(source: Source) -> str:
    """The name of the folder that a file lies in.

    Raises:
        ClientError: it lies in none.
    """
    parts = PurePosixPath(source.name).parts
    if len(parts) < 2:
        raise ClientError(
            f"{source.name} lies in no folder that says its class. Put it into one: LABEL/FILE, or "
            "STREAM/LABEL/FILE for files that arrived together."
        )
    return parts[-2]
