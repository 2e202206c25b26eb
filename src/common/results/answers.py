"""Predictions from what a served ensemble answered: a record a stream, in files of JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from common.job.errors import ClientError
from common.job.files import write_atomically
from common.results.predictions import (
    PAGES_FILE,
    SEGMENTS_FILE,
    STREAMS_FILE,
    Predictions,
    read_predictions,
)


def read_answers(answers: Path, scratch: Path) -> Predictions:
    """All answers below a folder, checked as predictions are.

    Raises:
        ClientError: there is none, or one tells of a problem or cannot be read.
    """
    records = [record for file in _files(answers) for record in _records(file)]
    parts = {
        PAGES_FILE: (page for record in records for page in _pages(record)),
        SEGMENTS_FILE: (segment for record in records for segment in record["segments"]),
        STREAMS_FILE: (
            {name: record[name] for name in ("stream", "confidence", "readings")}
            for record in records
        ),
    }
    for name, lines in parts.items():
        content = "".join(f"{json.dumps(line)}\n" for line in lines)
        write_atomically(scratch / name, content.encode())
    return read_predictions(scratch)


def _files(answers: Path) -> list[Path]:
    files = sorted(path for path in answers.rglob("*.out") if path.is_file())
    if not files:
        raise ClientError(f"{answers}: there is no answer (*.out). Score the test streams first.")
    return files


def _records(file: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise ClientError(f"{file} line {number}: not JSON ({error}). Score anew.") from error
        if not isinstance(record, dict) or not {"segments", "readings"} <= set(record):
            raise ClientError(f"{file} line {number}: no answer of a stream, but {line[:300]!r}.")
        yield record


def _pages(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of the answer; where it has segments alone, each page says what its segment says."""
    if record.get("pages"):
        return record["pages"]
    return [
        {
            "stream": segment["stream"],
            "page": page,
            "document": segment["document"],
            "label": segment["label"],
            "confidence": segment["confidence"],
            "first_page": float(page == segment["first_page"]),
            "probabilities": {segment["label"]: segment["confidence"]},
        }
        for segment in record["segments"]
        for page in range(segment["first_page"], segment["last_page"] + 1)
    ]
