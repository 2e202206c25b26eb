"""Augmentation that suits scans: shift, scale, rotation, contrast, noise; no mirror images."""

from __future__ import annotations

import mxnet as mx
import numpy as np
from numpy.typing import NDArray

# At strength 1, the standard deviation of each disturbance.
_SHIFT = 0.02  # of the page's size
_SCALE = 0.04
_ROTATION = 0.015  # radians, about one degree
_CONTRAST = 0.15
_NOISE = 0.03


def augment(darkness: mx.nd.NDArray, strength: float, rng: np.random.Generator) -> mx.nd.NDArray:
    """Disturb pages [pages, 1, height, width] in [0, 1]; what comes into view is paper (0)."""
    pages = darkness.shape[0]
    if strength == 0:
        return darkness
    transform = mx.nd.array(_affine(pages, darkness.shape[2:], strength, rng))
    grid = mx.nd.GridGenerator(transform, transform_type="affine", target_shape=darkness.shape[2:])
    moved = mx.nd.BilinearSampler(darkness, grid)
    contrast = np.exp(rng.normal(0, _CONTRAST * strength, (pages, 1, 1, 1)))
    noise = rng.standard_normal(darkness.shape, dtype=np.float32) * (_NOISE * strength)
    return (moved * mx.nd.array(contrast) + mx.nd.array(noise)).clip(0, 1)


def _affine(
    pages: int, size: tuple[int, int], strength: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Maps from output to input coordinates in [−1, 1]², row-major 2 × 3, [pages, 6]."""
    height, width = size
    angle = rng.normal(0, _ROTATION * strength, pages)
    scale = np.exp(rng.normal(0, _SCALE * strength, (2, pages)))
    shift = rng.normal(0, 2 * _SHIFT * strength, (2, pages))
    cosine, sine = np.cos(angle), np.sin(angle)
    rows = [
        (scale[0] * cosine, -scale[1] * sine * height / width, shift[0]),
        (scale[0] * sine * width / height, scale[1] * cosine, shift[1]),
    ]
    return np.stack([entry for row in rows for entry in row], axis=1).astype(np.float32)
