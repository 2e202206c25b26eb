"""The words of pages, each known by the number that it got when it was first seen.

A hash table over arrays: one word at a time, Python would spend more on them than on all the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.pages.growing import Growing

LONGEST = 64  # bytes of a word that are looked at

_BITS = 20  # of a place in the table; there must be far fewer words
_PIECE = 8  # bytes read at a time
_FIRST_BYTES = np.array([(1 << 8 * kept) - 1 for kept in range(_PIECE + 1)], dtype=np.uint64)
_MIX = np.uint64(0xFF51AFD7ED558CCD)  # of MurmurHash3's finaliser (Appleby 2011)
_SPACE = 32


@dataclass(frozen=True)
class Words:
    """The words of pages, page after page.

    `data` holds them, word n from begins[n] to ends[n]; `lengths`: how many each page has.
    """

    data: bytes
    begins: NDArray[np.intp]
    ends: NDArray[np.intp]
    lengths: NDArray[np.intp]

    def spelled(self, rows: NDArray[np.intp]) -> list[bytes]:
        return [self.data[self.begins[row] : self.ends[row]] for row in rows]


def words_of(pages: Sequence[bytes]) -> Words:
    """Find the words of pages whose words have spaces between them."""
    data = b" %b%b" % (b" ".join(pages), b" " * _PIECE)  # the last word is read beyond its end too
    inside = np.frombuffer(data, dtype=np.uint8) != _SPACE
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    begins, ends = edges[::2], edges[1::2]
    page_ends = np.cumsum([len(page) + 1 for page in pages])
    return Words(data, begins, ends, np.diff(np.searchsorted(begins, page_ends), prepend=0))


class WordNumbers:
    """Numbers 0, 1, 2, … of the words seen so far.

    A word is told by a hash of 64 bits: of a quarter of a million words two share theirs once in
    half a billion times.
    """

    def __init__(self) -> None:
        self._hashes = Growing(np.uint64)
        self._table = np.full(1 << _BITS, -1, dtype=np.int32)

    def __len__(self) -> int:
        return len(self._hashes.values)

    def number(self, words: Words) -> tuple[NDArray[np.int32], list[bytes]]:
        """(each word's number, the words that were new, in the order of their numbers)."""
        hashes = _hash(words)
        numbers = self._find(hashes)
        unknown = np.flatnonzero(numbers < 0)
        new, first = np.unique(hashes[unknown], return_index=True)
        self._enter(new)
        numbers[unknown] = self._find(hashes[unknown])
        return numbers, words.spelled(unknown[first])

    def _find(self, hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
        """The numbers, -1 where there is none."""
        place = _place(hashes)
        numbers = self._table[place]
        known = self._hashes.values
        left = np.flatnonzero(numbers >= 0)
        while len(left):  # linear probing: another word's place sends on to the next
            left = left[known[numbers[left]] != hashes[left]]
            place[left] = _next(place[left])
            numbers[left] = self._table[place[left]]
            left = left[numbers[left] >= 0]
        return numbers

    def _enter(self, hashes: NDArray[np.uint64]) -> None:
        """Give numbers to words that have none, each given once."""
        numbers = np.arange(len(self), len(self) + len(hashes), dtype=np.int32)
        self._hashes.extend(hashes)
        place, left = _place(hashes), np.arange(len(hashes))
        while len(left):
            free = left[self._table[place[left]] < 0]
            self._table[place[free]] = numbers[
                free
            ]  # of those that want one place the last gets it
            left = left[self._table[place[left]] != numbers[left]]
            place[left] = _next(place[left])


def _place(hashes: NDArray[np.uint64]) -> NDArray[np.intp]:
    return (hashes >> np.uint64(64 - _BITS)).astype(np.intp)


def _next(place: NDArray[np.intp]) -> NDArray[np.intp]:
    return (place + 1) & ((1 << _BITS) - 1)


def _hash(words: Words) -> NDArray[np.uint64]:
    """Hashes of the words' first `LONGEST` bytes, eight at a time."""
    pieces: NDArray[np.uint64] = np.ndarray(
        (len(words.data) - _PIECE + 1,), "<u8", words.data, strides=(1,)
    )
    lengths = np.minimum(words.ends - words.begins, LONGEST)
    hashes = np.zeros(len(lengths), dtype=np.uint64)
    left = np.arange(len(lengths))
    for begin in range(0, LONGEST, _PIECE):
        kept = _FIRST_BYTES[np.minimum(lengths[left] - begin, _PIECE)]
        mixed = (hashes[left] ^ (pieces[words.begins[left] + begin] & kept)) * _MIX
        hashes[left] = (mixed ^ (mixed >> np.uint64(33))) * _MIX
        left = left[lengths[left] > begin + _PIECE]
        if not len(left):
            break
    return hashes
