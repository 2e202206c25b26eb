"""The right way up: from how well a page reads, and along which of its edges.

Tesseract reads lines that run downwards as well as those across, and anything upside down badly.
So one reading tells mostly which way a page lies. Its own orientation detection costs half as much
as reading does, and gives up on pages with few words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from common.documents.ocr import Reading

Read = Callable[[Image.Image], Reading]
SURE = 60  # confidence that only pages which are the right way up reach
BETTER = 1.5  # how many times as much another way up must be understood
TURNS = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Upright:
    """A page the right way up: it was turned clockwise by `rotation` degrees."""

    bitmap: Image.Image
    reading: Reading
    rotation: int


def turned(bitmap: Image.Image, rotation: int) -> Image.Image:
    """The bitmap, turned clockwise by 0, 90, 180 or 270 degrees."""
    return bitmap.transpose(TURNS[rotation]) if rotation else bitmap


def read_upright(bitmap: Image.Image, read: Read) -> Upright:
    """Read a page and turn it the right way up; as it is where no way reads clearly better."""
    first = best = Upright(bitmap, read(bitmap), 0)
    if first.reading.confidence >= SURE and not first.reading.sideways:
        return first
    for rotation in _likely(first.reading):
        other = turned(bitmap, rotation)
        found = Upright(other, read(other), rotation)
        if _is_better(found.reading, best.reading):
            best = found
        if best.reading.confidence >= SURE and not best.reading.sideways:
            break
    return best


def _likely(reading: Reading) -> tuple[int, ...]:
    """How to turn a page that was not read well across, the likeliest first."""
    if not reading.sideways:
        return 180, 90, 270
    return (270, 90, 180) if reading.confidence >= SURE else (90, 270, 180)


def _is_better(one: Reading, other: Reading) -> bool:
    if one.sideways != other.sideways and min(one.confidence, other.confidence) >= SURE:
        return other.sideways  # both read: lines go across
    return one.understood > BETTER * other.understood
