"""Bitmaps that people have: multi-page TIFF, PNG, JPEG."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageSequence, UnidentifiedImageError

from common.documents.kinds import Kind
from common.documents.limits import Limits, RefusedFile
from common.pages.bitmaps import grey_of

RESOLUTION = 300  # pixels an inch that tesseract reads best
LONG_SIDE = 3508  # of A4 at that resolution, for bitmaps that do not say how large they are
LONGEST_SIDE = 4961  # of A3
SMALL = 1754  # pixels of the long side below which letters are too small to be read
A4 = 11.7  # inches


@contextmanager
def open_scan(path: Path, kind: Kind) -> Iterator[Image.Image]:
    """The file's first bitmap, not yet decoded.

    Raises:
        RefusedFile: it is damaged, be it found here or by decoding inside.
    """
    try:
        with Image.open(path, formats=[kind.upper()]) as image:
            yield image
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        OverflowError,
        TypeError,
        KeyError,
    ) as error:
        why = "" if isinstance(error, UnidentifiedImageError) else f" ({error})"
        raise RefusedFile(f"damaged or not a {kind.upper()}{why}. Scan it anew") from error


def count_frames(image: Image.Image, kind: Kind, limits: Limits) -> int:
    """How many pages there are: the frames of a TIFF; counting stops beyond the limit."""
    if kind != "tiff":
        return 1
    for count, _ in enumerate(ImageSequence.Iterator(image), start=1):
        if count > limits.pages:
            raise RefusedFile(f"it has more than {limits.pages:,} pages. Split it")
    return count


def frame(image: Image.Image, number: int, limits: Limits) -> tuple[Image.Image, int]:
    """A page as grey bitmap with square pixels, fit to be read, and its resolution.

    Args:
        image: see `open_scan`.
        number: of the page, from 1.
        limits: `pixels` are checked before anything is decoded.

    Returns:
        The bitmap and its pixels an inch, as far as the file says; else as if it were A4.
    """
    if number > 1:
        image.seek(number - 1)
    if image.width * image.height > limits.pixels:
        raise RefusedFile(
            f"page {number} has {image.width} × {image.height} pixels, more than "
            f"{limits.pixels:,}. Scan it at 300 dpi"
        )
    if min(image.size) < 1:
        raise RefusedFile(f"page {number} has no pixels. Scan it anew")
    across, down = _resolution(image)
    grey = grey_of(image)
    if across and down and not 0.98 < across / down < 1.02:  # a fax
        finer = max(across, down)
        grey = _resized(grey, finer / across, finer / down)
        across = finer
    long_side = max(grey.size)
    if across:
        scale = min(1.0, RESOLUTION / across, LONGEST_SIDE / long_side)
    else:
        scale = min(1.0, LONG_SIDE / long_side)
    if long_side < SMALL:
        scale = 2.0
    grey = _resized(grey, scale, scale)
    return grey, round(min(max((across or long_side / A4) * scale, 70), 600))


def _resized(grey: Image.Image, across: float, down: float) -> Image.Image:
    size = max(1, round(grey.width * across)), max(1, round(grey.height * down))
    if size == grey.size:
        return grey
    smaller = across <= 1 and down <= 1
    return grey.resize(size, Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC)


def _resolution(image: Image.Image) -> tuple[float, float]:
    """Pixels an inch across and down; 0 where the file does not say, or nothing likely."""
    try:
        across, down = (float(value) for value in image.info.get("dpi", (0, 0)))
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0, 0.0
    likely = all(90 <= value <= 1200 for value in (across, down))
    return (across, down) if likely and 0.25 <= across / down <= 4 else (0.0, 0.0)
