"""How much of the machine one file may take, and what is said when it wants more."""

from __future__ import annotations

from dataclasses import dataclass

from common.pages.bitmaps import MAX_PIXELS


class RefusedFile(Exception):
    """A file that is not read; the message says why, and what to do."""


@dataclass(frozen=True)
class Limits:
    """What one file may take.

    `size` in bytes, `pages` of a file, `pixels` of one of its bitmaps, `seconds` for reading one
    page, OCR included, `memory` in bytes of each process that reads, beside what it begins with.
    """

    size: int = 1 << 30
    pages: int = 5_000
    pixels: int = MAX_PIXELS
    seconds: int = 60
    memory: int = 1 << 30
