"""Streams side by side, padded at their end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from common.pages.evidence import StreamFeatures

Floats = NDArray[np.float32]


def similar_lengths(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Places of streams that may run side by side: each once, at most half of the longest padding.

    Args:
        most: pages of a group, padding included; a stream that is longer runs alone.
    """
    groups: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        longest = lengths[groups[-1][0]] if groups else 0
        fits = groups and (len(groups[-1]) + 1) * longest <= most
        if fits and 2 * lengths[place] >= longest:
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def padded_features(streams: Sequence[StreamFeatures]) -> Floats:
    """[pages, streams, width]"""
    return _side_by_side([stream.features for stream in streams], 0)


def padded_votes(streams: Sequence[StreamFeatures]) -> tuple[Floats, Floats]:
    """(of class [modalities, pages, streams, classes], of boundary [modalities, pages, streams])"""
    return (
        _side_by_side([stream.class_votes for stream in streams], 1),
        _side_by_side([stream.boundary_votes for stream in streams], 1),
    )


def lengths_of(streams: Sequence[StreamFeatures]) -> NDArray[np.intp]:
    """Pages of each stream, [streams]."""
    return np.array([len(stream.features) for stream in streams])


def _side_by_side(arrays: Sequence[Floats], axis: int) -> Floats:
    """Pad `axis`, the pages, with zeros, and stack the streams behind it."""
    shape = list(arrays[0].shape)
    shape[axis] = max(array.shape[axis] for array in arrays)
    shape.insert(axis + 1, len(arrays))
    padded = np.zeros(shape, np.float32)
    for stream, array in enumerate(arrays):
        here = (*[slice(None)] * axis, slice(array.shape[axis]), stream)
        padded[here] = array
    return padded
