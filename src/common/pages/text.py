"""Page text to hashed n-grams, vectorised over bytes.

A page's features never depend on the pages beside it: neighbouring pages share no n-gram.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

BUCKETS = 1 << 18
ZONE = 25  # words at a page's head and foot that also count as such

_WORD, _PAIR, _HEAD, _FOOT = 1, 2, 3, 4  # salts; character n-grams use 16 + n
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so it has an inverse modulo 2^64
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_CHUNK = 1 << 16  # bytes hashed at a time: what fits the processor's cache
_PAGES = 64  # or this many pages, which bounds the dense counts
_SPACE = 32
_SOFT_HYPHEN = "\u00ad"
_HYPHEN = re.compile(r"-(?<=[^\W\d_]-)[ \t]?\r?\n(?=[^\W\d_])")  # at a line's end, in a word
_DIGIT = re.compile(r"\d")
_SEPARATOR = re.compile(r"[\W_]+")
# Numbers whose digits are zeros by now, each shape a word of its own. A pattern begins with what is
# rare and looks back from there, which is much faster; bounded, so that time is linear.
_SHAPES = (
    (
        re.compile(r"00(?<=[a-z]{2}00)(?<!\w[a-z]{2}00)(?: ?0000){3,6}(?: ?0{1,3})?(?!\w)"),
        " 0iban ",
    ),
    (
        re.compile(r"0(?<![0.,]0)0?[./-] ?00?[./-] ?00(?:00)?(?!0)|0000(?<!00000)-00-00(?!0)"),
        " 0date ",
    ),
    (re.compile(r"0(?<![0.,]0)0{0,2}(?:[.,]0{1,3})? ?%"), " 0percent "),
    (re.compile(r"0(?<![0.,]0)0{0,11}(?:[.,' ]000){0,4}[.,]00(?![.,]?0)"), " 0sum "),
)


def normalise(text: str) -> bytes:
    """Words of letters and digits, lower-case, a space between them, UTF-8.

    Umlauts are composed, ligatures and long s taken apart, words hyphenated at line ends joined.
    IBANs, dates, percentages and sums of money become a word each (0iban, 0date, 0percent, 0sum),
    other digits 0, and everything else separates words.
    """
    folded = unicodedata.normalize("NFKC", text).lower()
    whole = _HYPHEN.sub("", folded.replace(_SOFT_HYPHEN + "\n", "").replace(_SOFT_HYPHEN, ""))
    shaped = _DIGIT.sub("0", whole)
    for pattern, shape in _SHAPES:
        shaped = pattern.sub(shape, shaped)
    return _SEPARATOR.sub(" ", shaped).strip().encode("utf-8", "ignore")


@dataclass(frozen=True)
class Ngrams:
    """The hashed n-grams of `pages` neighbouring pages, one pair an occurrence.

    `row` int64, the page, from 0; `bucket` uint32 in [0, BUCKETS).
    """

    pages: int
    row: NDArray[np.int64]
    bucket: NDArray[np.uint32]


def ngrams(texts: Iterable[str]) -> Iterator[Ngrams]:
    """Hashed n-grams of pages in reading order, a few pages at a time.

    These are words and pairs of words, words of the page's head and foot, and the 3- to 5-byte
    windows of each word with the spaces around it.
    """
    chunk: list[bytes] = []
    size = 0
    for text in texts:
        normal = normalise(text)
        if chunk and (size + len(normal) > _CHUNK or len(chunk) == _PAGES):
            yield _hash_pages(chunk)
            chunk, size = [], 0
        chunk.append(normal)
        size += len(normal)
    if chunk:
        yield _hash_pages(chunk)


def _hash_pages(pages: list[bytes]) -> Ngrams:
    lengths = np.array([len(page) + 2 for page in pages])
    data = np.frombuffer(b"".join(b" " + page + b" " for page in pages), dtype=np.uint8)
    row = np.repeat(np.arange(len(pages)), lengths)
    nothing = np.zeros(0, np.int64), np.zeros(0, np.uint64)  # where no page has a word
    found = [nothing, *_word_ngrams(data, row), *_character_ngrams(data, row)]
    return Ngrams(
        len(pages),
        np.concatenate([rows for rows, _ in found]),
        _bucket(np.concatenate([values for _, values in found])),
    )


def _word_ngrams(
    data: NDArray[np.uint8], row: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
    space = data == _SPACE
    begins = np.flatnonzero(space[:-1] & ~space[1:]) + 1
    ends = np.flatnonzero(~space[:-1] & space[1:]) + 1
    if not len(begins):
        return
    words = _substring_hashes(data, begins, ends)
    rows = row[begins]
    yield rows, _salted(words, _WORD)
    neighbours = rows[:-1] == rows[1:]
    pairs = words[:-1][neighbours] * _BASE + words[1:][neighbours]
    yield rows[:-1][neighbours], _salted(pairs, _PAIR)
    first = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
    counts = np.diff(np.r_[first, len(rows)])
    place = np.arange(len(rows)) - np.repeat(first, counts)
    head, foot = place < ZONE, place >= np.repeat(counts, counts) - ZONE
    yield rows[head], _salted(words[head], _HEAD)
    yield rows[foot], _salted(words[foot], _FOOT)


def _character_ngrams(
    data: NDArray[np.uint8], row: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
    wide = data.astype(np.uint64)
    spaces_before = np.cumsum(data == _SPACE)
    for length in (3, 4, 5):
        count = len(data) - length + 1
        if count <= 0:
            return
        inner = spaces_before[length - 2 : length - 2 + count] - spaces_before[:count]
        starts = np.flatnonzero(inner == 0)  # no space but at the window's ends
        window = np.zeros(len(starts), dtype=np.uint64)
        for offset in range(length):
            window = window << np.uint64(8) | wide[starts + offset]
        yield row[starts], _salted(window, 16 + length)


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


def count_matrix(
    texts: Iterable[str], selected: NDArray[np.uint32] | None = None
) -> sparse.csr_matrix:
    """Counts of n-grams, float32 [pages, buckets].

    Args:
        selected: sorted buckets to keep, one column each; None keeps all `BUCKETS`.
    """
    if selected is None:
        parts = [_count_all(chunk) for chunk in ngrams(texts)]
    else:
        column = np.full(BUCKETS, -1, dtype=np.int64)
        column[selected] = np.arange(len(selected))
        parts = [_count_selected(chunk, column, len(selected)) for chunk in ngrams(texts)]
    nothing = sparse.csr_matrix((0, BUCKETS if selected is None else len(selected)))
    return sparse.vstack([nothing.astype(np.float32), *parts], format="csr")


def _count_all(chunk: Ngrams) -> sparse.csr_matrix:
    ones = np.ones(len(chunk.row), dtype=np.float32)
    shape = (chunk.pages, BUCKETS)
    counts = sparse.csr_matrix((ones, (chunk.row, chunk.bucket)), shape=shape)
    counts.sum_duplicates()
    return counts


def _count_selected(chunk: Ngrams, column_of: NDArray[np.int64], columns: int) -> sparse.csr_matrix:
    """Counted in a dense array, which for so few columns is quicker than sorting."""
    column = column_of[chunk.bucket]
    kept = column >= 0
    place = chunk.row[kept] * columns + column[kept]
    counts = np.bincount(place, minlength=chunk.pages * columns)
    found = np.flatnonzero(counts)
    ends = np.searchsorted(found, np.arange(chunk.pages + 1) * columns)
    entries = counts[found].astype(np.float32), (found % columns).astype(np.int32), ends
    return sparse.csr_matrix(entries, shape=(chunk.pages, columns))
