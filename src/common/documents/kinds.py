"""What kind of file it is, by its first bytes: names lie."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from common.documents.limits import RefusedFile

Kind = Literal["pdf", "tiff", "png", "jpeg"]
PDF_HEADER = 1024  # bytes in which a PDF may begin (ISO 32000-1, annex H.3.4.1)
_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
)


def kind_of(path: Path) -> Kind:
    """Raises RefusedFile where it is none of those that can be read."""
    with path.open("rb") as file:
        head = file.read(PDF_HEADER)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if b"%PDF-" in head:
        return "pdf"
    what = "it is empty" if not head else "it is neither PDF, TIFF, PNG nor JPEG"
    raise RefusedFile(f"{what}. Give the file as it was scanned or received")
