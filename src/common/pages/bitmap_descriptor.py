"""What of a page's bitmap any other page can be compared with, later and in any order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from common.pages.bitmaps import PAPER

THUMBNAIL = (24, 18)  # height, width
_INK = 32  # a byte this much darker than paper is ink


def describe_bitmaps(bitmaps: NDArray[np.uint8]) -> dict[str, NDArray]:
    """Descriptors of pages, each [pages, …], from uint8 [pages, height, width], 255 = paper.

    Returns:
        thumbnail: uint8 [pages, 24, 18], mean darkness of each cell.
        margins: float16 [pages, 4], blank share above, below, left and right of the ink.
        ink: float16 [pages, 1], share of dark pixels.
    """
    dark = np.uint8(PAPER) - bitmaps
    inked = dark > _INK
    by_row, by_column = inked.any(axis=2), inked.any(axis=1)
    margins = [
        _blank_start(edge) for edge in (by_row, by_row[:, ::-1], by_column, by_column[:, ::-1])
    ]
    return {
        "thumbnail": _cell_means(dark),
        "margins": np.stack(margins, axis=1).astype(np.float16),
        "ink": inked.mean(axis=(1, 2))[:, None].astype(np.float16),
    }


def _blank_start(inked: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of blank lines before the first with ink, [pages]; 1 where there is none."""
    first = np.where(inked.any(axis=1), inked.argmax(axis=1), inked.shape[1])
    return first / inked.shape[1]


def _cell_means(dark: NDArray) -> NDArray[np.uint8]:
    rows = np.linspace(0, dark.shape[1], THUMBNAIL[0], endpoint=False).astype(int)
    columns = np.linspace(0, dark.shape[2], THUMBNAIL[1], endpoint=False).astype(int)
    sums = np.add.reduceat(np.add.reduceat(dark.astype(np.uint32), rows, axis=1), columns, axis=2)
    heights = np.diff(np.r_[rows, dark.shape[1]])
    widths = np.diff(np.r_[columns, dark.shape[2]])
    return (sums / np.outer(heights, widths)).astype(np.uint8)
