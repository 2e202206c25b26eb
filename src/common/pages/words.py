"""A page's words in order, and the hashed character trigrams of a word."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TypeVar

from common.pages.text import normalise

TRIGRAM_BUCKETS = 1 << 13
LONGEST = 16  # trigrams of a word, its first ones: what a long compound begins with

Item = TypeVar("Item")


def words_of(text: str) -> list[str]:
    """Normalised words: lower-case, digits as 0, no punctuation."""
    return normalise(text).decode().split()


def head_and_tail(items: Sequence[Item], limit: int) -> tuple[Sequence[Item], Sequence[Item]]:
    """The first and the last half of `limit` items, or all of them and nothing where they fit."""
    if len(items) <= limit:
        return items, items[:0]
    tail = limit // 2
    return items[: limit - tail], items[len(items) - tail :]


def trigrams_of(word: str) -> list[int]:
    """Buckets in [1, TRIGRAM_BUCKETS] of a word's trigrams, its ends marked; at least one."""
    marked = f"<{word}>"
    starts = range(min(max(1, len(marked) - 2), LONGEST))
    return [zlib.crc32(marked[at : at + 3].encode()) % TRIGRAM_BUCKETS + 1 for at in starts]
