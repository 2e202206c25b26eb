"""Pages that were read, kept on disk by what their file holds: nothing is read twice."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from common.documents.page_reading import DocumentPage
from common.job.files import sha256_of

_FORMAT = 2  # of what is kept, and of how pages are read: another number reads all files anew
_RECORDS = "pages.jsonl"


@dataclass(frozen=True)
class KeptPage:
    """A page as it is kept: what is known of it, and where its bitmap lies."""

    page: DocumentPage  # without the bitmap
    bitmap: Path


@dataclass(frozen=True)
class KeptPages:
    """A folder with a folder for each file that was read whole."""

    folder: Path
    languages: str | None

    def place(self, file: Path) -> Path:
        """Where the pages of a file are kept; the same for the same content and languages."""
        settings = f"{_FORMAT} {self.languages} {sha256_of(file)}"
        return self.folder / hashlib.sha256(settings.encode()).hexdigest()[:24]

    def keep(self, place: Path, pages: Iterable[DocumentPage]) -> int:
        """Write the pages; they are there when the last is written. Returns how many."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".reading-", dir=self.folder))
        try:
            count = _write(temporary, pages)
            if not place.exists():
                temporary.rename(place)
        except OSError:
            if not place.exists():  # else the same content was read under another name
                raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return count

    def sweep(self) -> None:
        """Remove what a run that was interrupted left half-written."""
        for left in self.folder.glob(".reading-*"):
            shutil.rmtree(left, ignore_errors=True)


def _write(folder: Path, pages: Iterable[DocumentPage]) -> int:
    lines = []
    for number, page in enumerate(pages, start=1):
        (folder / f"{number:04}.png").write_bytes(page.bitmap)
        known = {each.name: getattr(page, each.name) for each in fields(page)}
        lines.append(json.dumps({**known, "bitmap": f"{number:04}.png"}) + "\n")
    (folder / _RECORDS).write_text("".join(lines), encoding="utf-8")
    return len(lines)


def kept(place: Path) -> Iterator[KeptPage]:
    """The pages of a file, in their order."""
    with (place / _RECORDS).open(encoding="utf-8") as lines:
        for line in lines:
            known = json.loads(line)
            bitmap = place / known["bitmap"]
            yield KeptPage(DocumentPage(**{**known, "bitmap": b""}), bitmap)


def is_kept(place: Path) -> bool:
    return (place / _RECORDS).is_file()
