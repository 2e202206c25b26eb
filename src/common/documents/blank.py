"""How much ink is on a page."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MARGIN = 0.04  # of each side, where scanners leave edges and shadows
CONTRAST = 64  # grey levels between ink and paper
NOTHING = 5e-5  # share of ink below which there is not even a page number
LITTLE = 2e-3  # share of ink up to which it may be dust, if no letter can be read


def ink_of(bitmap: NDArray[np.uint8]) -> float:
    """Share of pixels that are clearly not as the paper, margins left out; paper may be dark.

    Args:
        bitmap: grey [height, width], of about 800 pixels on the long side.
    """
    height, width = bitmap.shape
    top, left = round(height * MARGIN), round(width * MARGIN)
    inner = bitmap[top : height - top, left : width - left]
    return float(apart(inner).mean()) if inner.size else 0.0


def apart(bitmap: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which pixels of a grey bitmap are far from the commonest grey, darker or lighter."""
    return np.abs(bitmap.astype(np.int16) - np.int16(np.median(bitmap))) > CONTRAST
