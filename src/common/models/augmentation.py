"""Augmentation that suits scans: shift, scale, rotation, contrast, noise; no mirror images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.pages.bitmaps import PAPER

# At strength 1, the standard deviation of each disturbance.
_SHIFT = 0.02  # of the page's size
_SCALE = 0.04
_ROTATION = 0.015  # radians, about one degree
_CONTRAST = 0.15
_NOISE = 0.03


def darkness_of(bitmaps: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 [pages, height, width], 255 = paper → float32 [pages, 1, height, width], 1 = ink."""
    return (PAPER - bitmaps[:, None]).astype(np.float32) / PAPER


def augment(
    bitmaps: NDArray[np.uint8], strength: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Darkness, as of `darkness_of`, of disturbed pages; what comes into view is paper.

    It takes numpy and Pillow, and not MXNet, whose one thread for such work is the network's.
    """
    if strength == 0:
        return darkness_of(bitmaps)
    maps = _affine(len(bitmaps), bitmaps.shape[1:], strength, rng)
    moved = np.stack([_moved(page, map_) for page, map_ in zip(bitmaps, maps, strict=True)])
    pages = darkness_of(moved)
    pages *= np.exp(rng.normal(0, _CONTRAST * strength, (len(pages), 1, 1, 1)), dtype=np.float32)
    pages += _noise(pages.shape, _NOISE * strength, rng)
    return pages.clip(0, 1, out=pages)


def _moved(page: NDArray[np.uint8], coefficients: NDArray[np.float64]) -> NDArray[np.uint8]:
    image = Image.fromarray(page)
    affine, bilinear = Image.Transform.AFFINE, Image.Resampling.BILINEAR
    return np.asarray(
        image.transform(image.size, affine, tuple(coefficients), bilinear, fillcolor=PAPER)
    )


def _noise(
    shape: tuple[int, ...], deviation: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Evenly distributed: bytes are drawn many times as fast as normal numbers."""
    drawn = rng.integers(0, 256, shape, dtype=np.uint8).astype(np.float32)
    drawn -= 127.5
    drawn *= deviation / np.sqrt((256**2 - 1) / 12)
    return drawn


def _affine(
    pages: int, size: tuple[int, ...], strength: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Maps from output to input pixels, (a, b, c, d, e, f) with x' = ax + by + c, [pages, 6]."""
    height, width = size
    angle = rng.normal(0, _ROTATION * strength, pages)
    scale = np.exp(rng.normal(0, _SCALE * strength, (2, pages)))
    shift = rng.normal(0, _SHIFT * strength, (2, pages)) * [[width], [height]]
    cosine, sine = np.cos(angle), np.sin(angle)
    across = scale[0] * cosine, -scale[1] * sine
    down = scale[0] * sine, scale[1] * cosine
    middle = width / 2, height / 2  # stays where it is, but for the shift
    offsets = [
        centre - row[0] * middle[0] - row[1] * middle[1] + moved
        for centre, row, moved in zip(middle, (across, down), shift, strict=True)
    ]
    return np.stack([*across, offsets[0], *down, offsets[1]], axis=1)
