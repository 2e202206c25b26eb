"""Pictures of pages, inside the report's own file."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from common.pages.bitmaps import grey_of, open_bitmap

HEIGHT = 168  # pixels; shown at about 2/3 of it, so that dense screens have something to show
QUALITY = 62
WEIGHT = [round(255 * (grey / 255) ** 1.6) for grey in range(256)]  # thin strokes fade when scaled
READABLE_HEIGHT = 800  # pixels, as many as prepare keeps of a page
READABLE_QUALITY = 30  # text stays sharp: 23 KB a page


def thumbnail(path: Path | None) -> str | None:
    """A JPEG of the page as a data URI, or None where there is no bitmap that can be read."""
    return _jpeg(path, HEIGHT, QUALITY, WEIGHT)


def readable(path: Path | None) -> str | None:
    """The same, large enough for its text to be read."""
    return _jpeg(path, READABLE_HEIGHT, READABLE_QUALITY)


def _jpeg(
    path: Path | None, height: int, quality: int, curve: Sequence[int] | None = None
) -> str | None:
    """No higher than `height`, no wider than twice that, its greys changed by `curve`."""
    if path is None:
        return None
    try:
        with open_bitmap(path) as image:
            image.draft("L", (height, height))  # a JPEG is decoded no larger than needed
            small = grey_of(image)
            small.thumbnail((2 * height, height), Image.Resampling.LANCZOS, reducing_gap=3)
    except ValueError:
        return None
    buffer = io.BytesIO()
    shown = small.point(curve) if curve else small
    shown.save(buffer, "JPEG", quality=quality, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
