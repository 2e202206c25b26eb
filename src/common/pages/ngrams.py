"""Page texts to counts of hashed n-grams.

Few words make up most of any text, so what a word contributes is worked out once and remembered:
a page's counts are then a sparse product of its words and what they contribute. A page's counts
never depend on the pages beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from common.pages.growing import Growing
from common.pages.text import normalise
from common.pages.word_numbers import LONGEST, WordNumbers, Words, words_of

BUCKETS = 1 << 18
ZONE = 25  # words at a page's head and foot that also count as such

_WORD, _PAIR, _HEAD, _FOOT = 1, 2, 3, 4  # salts; character n-grams use 16 + n
_LENGTHS = (3, 4, 5)
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so it has an inverse modulo 2^64
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_CHUNK = 1 << 18  # characters of text counted at a time, which bounds the memory
_REMEMBERED = 1 << 18  # words, after which a new book is begun
_COUNTED = 1 << 20  # entries of a matrix looked at together
_HASHED = 1 << 12  # words hashed at a time: what fits the processor's cache


def count_matrix(
    texts: Iterable[str], selected: NDArray[np.uint32] | None = None
) -> sparse.csr_matrix:
    """Counts of n-grams, float32 [pages, buckets].

    These are words and pairs of words, words of the page's head and foot, and the 3- to 5-byte
    windows of each word with the spaces around it.

    Args:
        selected: sorted buckets to keep, one column each; None keeps all `BUCKETS`.
    """
    columns = BUCKETS if selected is None else len(selected)
    return stacked(count_parts(texts, selected), columns)


def count_parts(
    texts: Iterable[str], selected: NDArray[np.uint32] | None = None
) -> Iterator[sparse.csr_matrix]:
    """The rows of `count_matrix`, those of a few hundred pages at a time."""
    return (_count(*read) for read in _read(texts, selected))


def counts_and_words(texts: Iterable[str]) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """`count_matrix` of all buckets, and of it the words by themselves."""
    counts, words = [], []
    for read in _read(texts, None):
        counts.append(_count(*read))
        words.append(_count_words(*read))
    return stacked(counts, BUCKETS), stacked(words, BUCKETS)


def stacked(parts: Iterable[sparse.csr_matrix], columns: int) -> sparse.csr_matrix:
    """The rows of all parts, of which there may be none, float32 [pages, columns]."""
    none = sparse.csr_matrix((0, columns), dtype=np.float32)
    return sparse.vstack([none, *parts], format="csr")


def document_frequency(counts: sparse.csr_matrix) -> NDArray[np.intp]:
    """On how many pages each bucket occurs, [buckets]."""
    frequency = np.zeros(counts.shape[1], dtype=np.intp)
    for start in range(0, counts.nnz, _COUNTED):  # numpy makes each index twice as wide
        some = counts.indices[start : start + _COUNTED]
        frequency += np.bincount(some, minlength=len(frequency))
    return frequency


def _read(
    texts: Iterable[str], selected: NDArray[np.uint32] | None
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.intp], _Book]]:
    """Some pages at a time: their words' numbers, how many each page has, the book they are of."""
    if selected is None:
        column_of, columns = np.arange(BUCKETS, dtype=np.int32), BUCKETS
    else:
        column_of, columns = np.full(BUCKETS, -1, dtype=np.int32), len(selected)
        column_of[selected] = np.arange(columns, dtype=np.int32)
    book = _Book(column_of, columns)
    for pages in _chunks(texts):
        if len(book) > _REMEMBERED:
            book = _Book(column_of, columns)
        words = words_of(pages)
        yield book.numbers(words), words.lengths, book


def _chunks(texts: Iterable[str]) -> Iterator[list[bytes]]:
    """Neighbouring pages in their normal form, a few at a time."""
    pages: list[bytes] = []
    size = 0
    for text in texts:
        pages.append(normalise(text))
        size += len(text)
        if size > _CHUNK:
            yield pages
            pages, size = [], 0
    if pages:
        yield pages


class _Book:
    """What each word contributes, by its number.

    hashes uint64 [words]; `matrix` float32 [words, columns], how often a word's own n-grams fall
    into each column.
    """

    def __init__(self, column_of: NDArray[np.int32], columns: int) -> None:
        self.column_of, self.columns = column_of, columns
        self._numbers = WordNumbers()
        self._hashes = Growing(np.uint64)
        self._entries = Growing(np.int32)
        self._ends = Growing(np.int64, [0])

    def __len__(self) -> int:
        return len(self._numbers)

    def numbers(self, words: Words) -> NDArray[np.int32]:
        """Each word's number."""
        numbers, new = self._numbers.number(words)
        for start in range(0, len(new), _HASHED):
            self._learn(new[start : start + _HASHED])
        return numbers

    def _learn(self, words: list[bytes]) -> None:
        hashes, word, bucket = _own_ngrams(words)
        column = self.column_of[bucket]
        kept = column >= 0
        order = np.argsort(word[kept], kind="stable")
        self._entries.extend(column[kept][order])
        each = np.bincount(word[kept], minlength=len(words))
        self._ends.extend(self._ends.values[-1] + np.cumsum(each))
        self._hashes.extend(hashes)

    @property
    def hashes(self) -> NDArray[np.uint64]:
        return self._hashes.values

    @property
    def matrix(self) -> sparse.csr_matrix:
        entries = self._entries.values
        ones = np.ones(len(entries), dtype=np.float32)
        return sparse.csr_matrix(
            (ones, entries, self._ends.values), shape=(len(self), self.columns)
        )


def _count(numbers: NDArray[np.int32], lengths: NDArray[np.intp], book: _Book) -> sparse.csr_matrix:
    of_words = _rows(numbers, lengths, len(book))
    found = of_words @ book.matrix

    row, bucket = _placed_ngrams(book.hashes[numbers], lengths)
    column = book.column_of[bucket]
    kept = column >= 0
    ones = np.ones(kept.sum(), dtype=np.float32)
    placed = sparse.csr_matrix((ones, (row[kept], column[kept])), shape=found.shape)
    return found + placed


def _count_words(
    numbers: NDArray[np.int32], lengths: NDArray[np.intp], book: _Book
) -> sparse.csr_matrix:
    counts = _rows(_bucket(_salted(book.hashes[numbers], _WORD)), lengths, BUCKETS)
    counts.sum_duplicates()
    return counts


def _rows(columns: NDArray, lengths: NDArray[np.intp], width: int) -> sparse.csr_matrix:
    """A one for each entry: the first `lengths[0]` are of the first row, and so on."""
    ones = np.ones(len(columns), dtype=np.float32)
    return sparse.csr_matrix((ones, columns, np.r_[0, np.cumsum(lengths)]), (len(lengths), width))


def _placed_ngrams(
    words: NDArray[np.uint64], lengths: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.uint32]]:
    """(page, bucket) of what hangs on where words stand: pairs, heads and feet.

    Args:
        words: hashes, page after page; a page has `lengths` of them.
    """
    page = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(words)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    left = np.flatnonzero(page[:-1] == page[1:])
    head = np.flatnonzero(place < ZONE)
    foot = np.flatnonzero(place >= np.repeat(lengths, lengths) - ZONE)
    values = [
        _salted(words[left] * _BASE + words[left + 1], _PAIR),
        _salted(words[head], _HEAD),
        _salted(words[foot], _FOOT),
    ]
    return page[np.concatenate([left, head, foot])], _bucket(np.concatenate(values))


def _own_ngrams(
    words: list[bytes],
) -> tuple[NDArray[np.uint64], NDArray[np.intp], NDArray[np.uint32]]:
    """(hashes of the words; word and bucket of each n-gram that hangs on the word alone)."""
    clipped = [word[:LONGEST] for word in words]
    lengths = np.array([len(word) for word in clipped], dtype=np.intp)
    data = np.frombuffer(b"".join(b" %b " % word for word in clipped), dtype=np.uint8)
    ends = np.cumsum(lengths + 2) - 1  # of each word, where the space behind it stands
    hashes = _substring_hashes(data, ends - lengths, ends)
    word = np.repeat(np.arange(len(words)), lengths + 2)
    starts, values = [np.arange(len(words))], [_salted(hashes, _WORD)]
    wide = data.astype(np.uint64)
    for length in _LENGTHS:
        first = np.flatnonzero(word[: 1 - length] == word[length - 1 :])
        window = np.zeros(len(first), dtype=np.uint64)
        for offset in range(length):
            window = window << np.uint64(8) | wide[first + offset]
        starts.append(word[first])
        values.append(_salted(window, 16 + length))
    return hashes, np.concatenate(starts), _bucket(np.concatenate(values))


def spelled(text: str) -> dict[int, str]:
    """A page's n-grams as people read them, by bucket; of those that share one, the first.

    Windows of letters have … where their word goes on.
    """
    words = normalise(text).split()
    hashes, _, own = _own_ngrams(words)
    _, placed = _placed_ngrams(hashes, np.array([len(words)]))
    plain = [word.decode("utf-8", "replace") for word in words]
    names = [
        *plain,
        *(window for length in _LENGTHS for word in words for window in _windows(word, length)),
        *map(" ".join, pairwise(plain)),
        *(f"{word} (head)" for word in plain[:ZONE]),
        *(f"{word} (foot)" for word in plain[-ZONE:]),
    ]
    found: dict[int, str] = {}
    for bucket, name in zip(np.concatenate([own, placed]).tolist(), names, strict=True):
        found.setdefault(bucket, name)
    return found


def _windows(word: bytes, length: int) -> Iterator[str]:
    """The windows of a word in order, as `_own_ngrams` takes them."""
    spaced = b" %b " % word[:LONGEST]
    for start in range(len(spaced) - length + 1):
        window = spaced[start : start + length].decode("utf-8", "replace")
        before, after = window.startswith(" "), window.endswith(" ")
        yield f"{'' if before else '…'}{window.strip()}{'' if after else '…'}"


def _substring_hashes(
    data: NDArray[np.uint8], begins: NDArray[np.intp], ends: NDArray[np.intp]
) -> NDArray[np.uint64]:
    """Polynomial hashes Σ b[i]·BASE^(i − begin) mod 2^64, by differences of prefix sums."""
    ones = np.ones(1, dtype=np.uint64)
    powers = np.multiply.accumulate(np.r_[ones, np.full(len(data), _BASE)])
    inverses = np.multiply.accumulate(np.r_[ones, np.full(len(data), _INVERSE)])
    terms = (data.astype(np.uint64) + np.uint64(1)) * powers[:-1]
    prefix = np.r_[np.zeros(1, dtype=np.uint64), np.cumsum(terms, dtype=np.uint64)]
    return (prefix[ends] - prefix[begins]) * inverses[begins]


def _salted(values: NDArray[np.uint64], salt: int) -> NDArray[np.uint64]:
    """The same n-gram in another role falls into another bucket."""
    return values + np.uint64(salt * 0xD6E8FEB86659FD93 & 0xFFFFFFFFFFFFFFFF)


def _bucket(values: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Mix (the finaliser of SplitMix64, Steele et al. 2014) and keep the top 18 bits."""
    mixed = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed >> np.uint64(46)).astype(np.uint32)
