"""One page of a file: its text, from its own layer or by OCR, and its bitmap, the right way up."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pypdfium2 as pdfium
from PIL import Image

from common.documents.blank import LITTLE, NOTHING, ink_of
from common.documents.kinds import Kind, kind_of
from common.documents.limits import Limits
from common.documents.ocr import Reading, read_bitmap
from common.documents.orientation import SURE, read_upright
from common.documents.pdf import (
    count_pages,
    draw,
    open_page,
    open_pdf,
    picture_share,
    put_upright,
    text_of,
)
from common.documents.scans import count_frames, frame, open_scan
from common.documents.skew import levelled, skew_of
from common.documents.text_layer import is_readable, letters_of

LONG_SIDE = 800  # pixels of a page's bitmap
SOME = 30  # letters that a text layer has at least, unless the page is nearly empty
MANY = 200  # letters from which a picture behind them does not matter
PICTURE = 0.5  # share of the page from which an image may be a scan of it
_PACKED = 3  # PNG's compression: a tenth larger than at 9, in a fifth of the time

Origin = Literal["text layer", "ocr", "none"]


@dataclass(frozen=True)
class DocumentPage:
    """What a file's page holds.

    `bitmap` is a grey PNG with 800 pixels on its long side, the right way up. The page was turned
    clockwise by `rotation` (0, 90, 180, 270) and then by `skew` degrees. `blank`: nothing is on it.
    `origin` tells where the text is from, `confidence` how sure OCR was, from 0 to 100.
    """

    text: str
    bitmap: bytes
    rotation: int = 0
    skew: float = 0.0
    blank: bool = False
    origin: Origin = "none"
    confidence: float = 0.0


def count(path: Path, limits: Limits) -> int:
    """How many pages a file has; raises RefusedFile where it cannot be opened."""
    kind = kind_of(path)
    if kind == "pdf":
        with open_pdf(path) as document:
            return count_pages(document, limits)
    with open_scan(path, kind) as image:
        return count_frames(image, kind, limits)


def read_pages(
    path: Path, numbers: range, limits: Limits, languages: str | None
) -> Iterator[DocumentPage]:
    """The pages with these numbers, counted from 1.

    Args:
        languages: for OCR; None: pages without a readable text layer stay without text.

    Raises:
        RefusedFile: a page cannot be read.
    """
    kind = kind_of(path)
    if kind == "pdf":
        with open_pdf(path) as document:
            for number in numbers:
                with open_page(document, number) as page:
                    yield _pdf_page(page, limits, languages)
    else:
        yield from _scanned_pages(path, kind, numbers, limits, languages)


def _scanned_pages(
    path: Path, kind: Kind, numbers: range, limits: Limits, languages: str | None
) -> Iterator[DocumentPage]:
    for number in numbers:
        with open_scan(path, kind) as image:
            bitmap, resolution = frame(image, number, limits)
        yield _recognised(bitmap, resolution, languages)


def _pdf_page(page: pdfium.PdfPage, limits: Limits, languages: str | None) -> DocumentPage:
    rotation = put_upright(page)
    text = text_of(page)
    if not is_readable(text):
        page.set_rotation((page.get_rotation() - rotation) % 360)  # as it came
        text, rotation = "", 0
    letters = letters_of(text)
    if letters >= MANY or (letters >= SOME and picture_share(page) < PICTURE):
        return _from_layer(page, text, rotation, limits)
    found = _recognised(*draw(page, None, limits), languages)
    if letters and (found.blank or found.confidence < SURE):
        return _from_layer(page, text, rotation, limits)
    return replace(found, rotation=(found.rotation + rotation) % 360)


def _from_layer(page: pdfium.PdfPage, text: str, rotation: int, limits: Limits) -> DocumentPage:
    bitmap, _ = draw(page, LONG_SIDE, limits)
    return DocumentPage(text, png_of(bitmap), rotation, origin="text layer")


def _recognised(bitmap: Image.Image, resolution: int, languages: str | None) -> DocumentPage:
    """A page of which only the bitmap is known."""
    small = reduced(bitmap)
    pixels = np.asarray(small)
    ink = ink_of(pixels)
    if ink < NOTHING or languages is None:
        return DocumentPage("", png_of(small), blank=ink < NOTHING)
    skew = skew_of(pixels)
    upright = read_upright(
        levelled(bitmap, skew), partial(_read, resolution=resolution, languages=languages)
    )
    return replace(
        _as_read(upright.reading, ink),
        bitmap=png_of(reduced(upright.bitmap)),
        rotation=upright.rotation,
        skew=skew,
    )


def _read(bitmap: Image.Image, *, resolution: int, languages: str) -> Reading:
    return read_bitmap(bitmap, resolution, languages)


def _as_read(reading: Reading, ink: float) -> DocumentPage:
    if not reading.letters or (ink < LITTLE and reading.confidence < SURE / 2):
        return DocumentPage("", b"", blank=ink < LITTLE)
    return DocumentPage(reading.text, b"", origin="ocr", confidence=reading.confidence)


def reduced(bitmap: Image.Image) -> Image.Image:
    """The bitmap with 800 pixels on its long side, or as it is where it is smaller."""
    scale = LONG_SIDE / max(bitmap.size)
    if scale >= 1:
        return bitmap
    size = max(1, round(bitmap.width * scale)), max(1, round(bitmap.height * scale))
    return bitmap.resize(size, Image.Resampling.BOX)


def png_of(bitmap: Image.Image) -> bytes:
    buffer = io.BytesIO()
    bitmap.save(buffer, "PNG", compress_level=_PACKED)
    return buffer.getvalue()
