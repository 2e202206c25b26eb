"""Documents of one channel that another has too, nearly: they give the answer away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.pages.bitmaps import grey_of, open_bitmap
from common.pages.channel import Channel
from common.pages.duplicates import near_duplicate_clusters

HASH = 16  # rows, and bits a row, of a bitmap's hash
ALIKE = 10  # bits of the 256 that nearly equal bitmaps may differ by
_ROWS_AT_A_TIME = 256


@dataclass(frozen=True)
class Piece:
    """A document of a channel, or where nothing is labelled a stream."""

    channel: str
    name: str
    rows: range


@dataclass(frozen=True)
class Leak:
    """Two pieces of two channels that are nearly the same, and by what they are."""

    one: Piece
    other: Piece
    by: str  # text, bitmap


def pieces_of(channels: Mapping[str, Channel]) -> list[Piece]:
    found = []
    for name, channel in channels.items():
        start = 0
        pages = channel.pages
        for row in range(1, len(pages) + 1):
            if row == len(pages) or _piece(channel, row) != _piece(channel, start):
                found.append(Piece(name, _piece(channel, start)[1], range(start, row)))
                start = row
    return found


def _piece(channel: Channel, row: int) -> tuple[str, str]:
    page = channel.pages[row]
    return page.stream, page.document or page.stream


def find_leaks(channels: Mapping[str, Channel]) -> list[Leak]:
    """Pairs of pieces of two channels that are nearly the same in text or on their first page."""
    pieces = pieces_of(channels)
    texts = ("\n".join(channels[p.channel].texts[row] for row in p.rows) for p in pieces)
    alike = _together(near_duplicate_clusters(texts))
    pairs = [(one, other, "text") for one, other in alike]
    pairs += [(one, other, "bitmap") for one, other in _alike(_first_hashes(channels, pieces))]
    return [
        Leak(pieces[one], pieces[other], by)
        for one, other, by in pairs
        if pieces[one].channel != pieces[other].channel
    ]


def _together(clusters: NDArray[np.int32]) -> list[tuple[int, int]]:
    """The first member of each cluster with every other one."""
    first: dict[int, int] = {}
    pairs = []
    for place, cluster in enumerate(clusters.tolist()):
        one = first.setdefault(cluster, place)
        if one != place:
            pairs.append((one, place))
    return pairs


def _first_hashes(channels: Mapping[str, Channel], pieces: list[Piece]) -> NDArray[np.uint8]:
    """Hash of the first page of each piece, uint8 [pieces, 32]; zeros where there is none."""
    found = np.zeros((len(pieces), HASH * HASH // 8), dtype=np.uint8)
    for place, piece in enumerate(pieces):
        channel = channels[piece.channel]
        path = channel.image_path(channel.pages[piece.rows.start])
        if path is not None:
            with open_bitmap(path) as image:
                found[place] = bitmap_bits(grey_of(image))
    return found


def bitmap_bits(grey: Image.Image) -> NDArray[np.uint8]:
    """Whether each of 16 × 16 areas is darker than its neighbour to the right, uint8 [32].

    The difference hash of Krawetz (2013), which brightness and scale leave as it is.
    """
    small = np.asarray(grey.resize((HASH + 1, HASH), Image.Resampling.BOX), dtype=np.int16)
    return np.packbits(small[:, :-1] < small[:, 1:])


def _alike(hashes: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Pairs of hashes [n, 32] that differ in few bits; bitmaps with hardly a contrast have none."""
    ones = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)
    telling = ones[hashes].sum(axis=1) > 2 * ALIKE
    found = []
    for start in range(0, len(hashes), _ROWS_AT_A_TIME):
        block = hashes[start : start + _ROWS_AT_A_TIME]
        apart = ones[block[:, None] ^ hashes[None]].sum(axis=2)
        rows, columns = np.nonzero(apart <= ALIKE)
        found += [
            (int(row) + start, int(column))
            for row, column in zip(rows, columns, strict=True)
            if row + start < column and telling[row + start] and telling[column]
        ]
    return found
