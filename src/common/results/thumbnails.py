"""Small pictures of pages, inside the report's own file."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

from common.pages.bitmaps import grey_of, open_bitmap

HEIGHT = 168  # pixels; shown at about 2/3 of it, so that dense screens have something to show
QUALITY = 62
WEIGHT = [round(255 * (grey / 255) ** 1.6) for grey in range(256)]  # thin strokes fade when scaled


def thumbnail(path: Path | None) -> str | None:
    """A JPEG of the page as a data URI, or None where there is no bitmap that can be read."""
    if path is None:
        return None
    try:
        with open_bitmap(path) as image:
            image.draft("L", (HEIGHT, HEIGHT))  # a JPEG is decoded no larger than needed
            small = grey_of(image)
            small.thumbnail((2 * HEIGHT, HEIGHT), Image.Resampling.LANCZOS, reducing_gap=3)
    except ValueError:
        return None
    buffer = io.BytesIO()
    small.point(WEIGHT).save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
