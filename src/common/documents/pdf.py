"""PDFs: their pages' text, how it runs, and what the pages look like.

PDFium is built without a script engine: nothing in a file runs, forms included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from PIL import Image

from common.documents.limits import Limits, RefusedFile
from common.documents.scans import LONG_SIDE, LONGEST_SIDE, RESOLUTION

POINTS = 72  # an inch
QUARTER = 1.5707963  # of a turn, in radians
SAMPLED = 400  # characters of a page whose direction is looked at
LARGER = 1.1  # than A3: ledger paper is still a size of its own
IMAGE_DEPTH = 3  # forms within forms that are searched for images


@contextmanager
def open_pdf(path: Path) -> Iterator[pdfium.PdfDocument]:
    """Raises RefusedFile where it is encrypted or damaged, found here or by reading inside."""
    try:
        with closing(pdfium.PdfDocument(path)) as document:
            with suppress(pdfium.PdfiumError):  # a broken form takes nothing from the pages
                document.init_forms()
            yield document
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise RefusedFile("it is encrypted. Save it without a password") from error
        raise RefusedFile(f"damaged or not a PDF ({error}). Save or scan it anew") from error


def count_pages(document: pdfium.PdfDocument, limits: Limits) -> int:
    count = len(document)
    if count > limits.pages:
        raise RefusedFile(f"it has {count:,} pages, more than {limits.pages:,}. Split it")
    if not count:
        raise RefusedFile("it has no page. Save or scan it anew")
    return count


@contextmanager
def open_page(document: pdfium.PdfDocument, number: int) -> Iterator[pdfium.PdfPage]:
    """A page, counted from 1; what its form is filled with, and annotations, are a part of it."""
    with closing(document[number - 1]) as page:
        changed = raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS
        if not changed:
            yield page
    if changed:
        with closing(document[number - 1]) as page:  # the one before does not know of it
            yield page


def put_upright(page: pdfium.PdfPage) -> int:
    """Turn a page, in memory, so that most of its text can be read, if it has any.

    Returns:
        By how much it is turned from how it is shown, in degrees clockwise: 0, 90, 180 or 270.
    """
    with closing(page.get_textpage()) as layer:
        rotation = (_direction(layer) - page.get_rotation()) % 360 if layer.count_chars() else 0
    page.set_rotation((page.get_rotation() + rotation) % 360)
    return rotation


def text_of(page: pdfium.PdfPage) -> str:
    """The text layer; its lines come in order where the page is upright."""
    with closing(page.get_textpage()) as layer:
        return str(layer.get_text_range()).replace("\r\n", "\n").replace("\x00", "")


def _direction(layer: pdfium.PdfTextPage) -> int:
    """Degrees counter-clockwise by which most of the text is turned on the page as it is kept."""
    turns: Counter[int] = Counter()
    count = layer.count_chars()
    for place in range(0, count, count // SAMPLED + 1):
        if raw.FPDFText_GetUnicode(layer, place) > 32:
            angle = raw.FPDFText_GetCharAngle(layer, place)  # radians; −1 where it fails
            if angle >= 0:
                turns[-round(angle / QUARTER) % 4] += 1
    return turns.most_common(1)[0][0] * 90 if turns else 0


def picture_share(page: pdfium.PdfPage) -> float:
    """Share of the page that its largest image covers, 0 to 1."""
    width, height = page.get_size()
    if page.get_rotation() % 180:
        width, height = height, width
    largest = 0.0
    for image in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=IMAGE_DEPTH):
        left, bottom, right, top = image.get_bounds()
        largest = max(largest, (right - left) * (top - bottom))
    return min(largest / max(width * height, 1.0), 1.0)


def draw(page: pdfium.PdfPage, long_side: int | None, limits: Limits) -> tuple[Image.Image, int]:
    """What the page looks like, grey, and its pixels an inch.

    Args:
        page: of `open_page`.
        long_side: in pixels; None: 300 pixels an inch. A page larger than A3 is a bitmap that does
            not say its size: it is taken for A4.
        limits: for `pixels`.
    """
    width, height = page.get_size()
    longest, shortest = max(width, height), min(width, height)
    if not (shortest > 0 and longest < 1e6 and longest / shortest < 200):
        raise RefusedFile(f"a page measures {width:g} × {height:g} points. Save or scan it anew")
    natural = longest * RESOLUTION / POINTS
    scale = (long_side or (natural if natural < LARGER * LONGEST_SIDE else LONG_SIDE)) / longest
    scale = min(scale, (limits.pixels / (width * height)) ** 0.5)
    with closing(page.render(scale=scale, grayscale=True, may_draw_forms=False)) as bitmap:
        return bitmap.to_pil().convert("L"), round(scale * POINTS)
