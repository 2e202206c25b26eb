"""Many files read by several jobs: each reads its share, and leaves pages and a record of them.

Below one place lie `pages/`, as KeptPages keeps them, and `shares/`, with a record of each job.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.documents.reading_all import ReadFile
from common.documents.sources import Refusal, Source
from common.job.errors import ClientError
from common.job.files import write_json

PAGES = "pages"
_SHARES = "shares"


@dataclass(frozen=True)
class Share:
    """One of several jobs: `index` from 0, `of` how many."""

    index: int
    of: int

    @property
    def record(self) -> str:
        """Where its record lies, below the common place."""
        return f"{_SHARES}/{self.index:05}.json"

    def names(self, names: Sequence[str]) -> list[str]:
        """Its part of all names; the same whoever asks, and in whichever order they come."""
        return sorted(names)[self.index :: self.of]


def write_share(
    folder: Path, share: Share, files: Sequence[ReadFile], refused: Sequence[Refusal]
) -> None:
    """Record which pages are whose; to be written after them."""
    record = {
        "of": share.of,
        "files": {file.source.name: file.place.name for file in files},
        "refused": {each.name: each.reason for each in refused},
    }
    write_json(folder / share.record, record)


def read_shares(folder: Path) -> tuple[list[ReadFile], list[Refusal]]:
    """What all jobs have read and refused, by name.

    Raises:
        ClientError: the record of a job is missing.
    """
    records = [
        json.loads(file.read_text("utf-8")) for file in sorted((folder / _SHARES).glob("*.json"))
    ]
    wanted = {record["of"] for record in records}
    if wanted != {len(records)}:
        raise ClientError(
            f"{folder} holds the records of {len(records)} jobs, not of all that shared the files. "
            "Convert them anew."
        )
    places = {name: place for record in records for name, place in record["files"].items()}
    refused = {name: why for record in records for name, why in record["refused"].items()}
    kept = {name: folder / PAGES / place for name, place in places.items()}
    files = [ReadFile(Source(name, kept[name]), kept[name]) for name in sorted(kept)]
    return files, [Refusal(name, refused[name]) for name in sorted(refused)]
