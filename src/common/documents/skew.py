"""How crooked a page was scanned: the angle at which its lines of ink are the sharpest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.documents.blank import apart
from common.pages.bitmaps import PAPER

MOST = 5.0  # degrees that are looked at, either way
LEAST = 0.3  # degrees that are worth turning the page
CLEAR = 1.1  # how many times as sharp the lines must become
_POINTS = 20_000  # of ink that are looked at
_FEWEST = 50  # of which nothing can be said
_COARSE, _FINE = 0.5, 0.1  # degrees


def skew_of(bitmap: NDArray[np.uint8]) -> float:
    """Degrees by which turning the page clockwise makes its lines level; 0 where none is clear.

    Postl (1986): the ink's projection has the largest sum of squared differences between
    neighbouring rows. Lines of a page that lies on its side are looked for too.

    Args:
        bitmap: grey [height, width], of about 800 pixels on the long side.
    """
    rows, columns = np.nonzero(apart(bitmap))
    if len(rows) < _FEWEST:
        return 0.0
    step = len(rows) // _POINTS + 1
    down, right = rows[::step].astype(np.float64), columns[::step].astype(np.float64)
    sharp, angle, straight = max(_sharpest(down, right), _sharpest(right, -down))
    return angle if abs(angle) >= LEAST and sharp >= CLEAR * straight else 0.0


def _sharpest(down: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[float, float, float]:
    """How sharp the lines become, by turning the points [n] clockwise so far, and as they are."""
    near = max(np.arange(-MOST, MOST + _COARSE / 2, _COARSE), key=lambda a: _sharp(down, right, a))
    fine = np.append(near + np.arange(-_COARSE + _FINE, _COARSE, _FINE), 0.0)
    sharp = [_sharp(down, right, angle) for angle in fine]
    return max(sharp), round(float(fine[np.argmax(sharp)]), 1), sharp[-1]


def _sharp(down: NDArray[np.float64], right: NDArray[np.float64], angle: float) -> float:
    turn = np.deg2rad(angle)
    rows = down * np.cos(turn) + right * np.sin(turn)
    profile = np.bincount((rows - rows.min()).astype(np.intp)).astype(np.float64)
    return float(np.square(np.diff(profile)).sum())


def levelled(bitmap: Image.Image, angle: float) -> Image.Image:
    """The grey bitmap turned clockwise by so many degrees, in its own frame, on white."""
    if not angle:
        return bitmap
    return bitmap.rotate(-angle, Image.Resampling.BICUBIC, fillcolor=PAPER)
