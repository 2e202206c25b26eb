"""A part of a file as a PDF of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image

from common.documents.kinds import Kind, kind_of
from common.documents.limits import Limits
from common.documents.orientation import turned
from common.documents.pdf import open_pdf
from common.documents.scans import A4, frame, open_scan
from common.pages.bitmaps import grey_of, open_bitmap


def write_part(
    path: Path, part: Path, pages: Sequence[int], rotations: Sequence[int], limits: Limits
) -> int:
    """Write pages of a file as a PDF, each the right way up; returns how many.

    Args:
        path: PDF, TIFF, PNG or JPEG.
        part: where the PDF goes.
        pages: their numbers, from 1.
        rotations: degrees clockwise to turn each of them by.
        limits: for bitmaps.
    """
    kind = kind_of(path)
    if kind == "pdf":
        _copy_pages(path, part, pages, rotations)
        return len(pages)
    _save(list(_upright_frames(path, kind, pages, rotations, limits)), part)
    return len(pages)


def write_bitmaps(bitmaps: Sequence[Path], part: Path) -> None:
    """Write a PDF with a page for each bitmap, as large as A4 on its long side."""
    pages = []
    for path in bitmaps:
        with open_bitmap(path) as image:
            grey = grey_of(image)
        pages.append((grey, max(1, round(max(grey.size) / A4))))
    if pages:
        _save(pages, part)


def _save(pages: Sequence[tuple[Image.Image, int]], part: Path) -> None:
    """Bitmaps and their pixels an inch, which is that of the first for all of them."""
    (first, resolution), *others = pages
    first.save(
        part,
        "PDF",
        resolution=resolution,
        save_all=True,
        append_images=[each[0] for each in others],
    )


def _copy_pages(path: Path, part: Path, pages: Sequence[int], rotations: Sequence[int]) -> None:
    with open_pdf(path) as document, closing(pdfium.PdfDocument.new()) as copy:
        copy.import_pages(document, [number - 1 for number in pages])
        for place, rotation in enumerate(rotations):
            if rotation:
                with closing(copy[place]) as page:
                    page.set_rotation((page.get_rotation() + rotation) % 360)
        copy.save(part)


def _upright_frames(
    path: Path, kind: Kind, pages: Sequence[int], rotations: Sequence[int], limits: Limits
) -> Iterator[tuple[Image.Image, int]]:
    for number, rotation in zip(pages, rotations, strict=True):
        with open_scan(path, kind) as image:
            bitmap, resolution = frame(image, number, limits)
        yield turned(bitmap, rotation), resolution
