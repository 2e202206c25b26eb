"""What of a page's text any other page can be compared with, later and in any order."""

from __future__ import annotations

import re
import string
import zlib
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from common.pages.ngrams import BUCKETS, counts_and_words, document_frequency
from common.pages.page_numbers import read_page_number

EDGE_LINES = 3  # lines of head and foot that are hashed
PROJECTION = 256  # width of the projected tf-idf vector
RARE = 128  # rare words of a page that are kept
FORM = (
    "log_characters",
    "log_lines",
    "digit_share",
    "capital_share",
    "first_line_log_characters",
    "first_line_capitals",
    "last_line_log_characters",
    "last_line_ends_sentence",
    "first_starts_lower",
    "has_salutation",
    "has_closing",
)

_RARE_IDF = 1 + np.log(64)  # of what stands on one training page in 64
_SALUTATIONS = ("dear", "sehr geehrte", "hello", "hallo", "to whom")
_CLOSINGS = (
    "sincerely",
    "regards",
    "yours",
    "mit freundlichen",
    "hochachtungsvoll",
    "signature",
    "unterschrift",
)
_ASCII = re.compile(r"[\x00-\x7f]+")
_UPPER, _LOWER, _DIGITS = (
    part.encode() for part in (string.ascii_uppercase, string.ascii_lowercase, string.digits)
)


def inverse_document_frequency(counts: sparse.csr_matrix) -> NDArray[np.float32]:
    """Smoothed idf, ln((1 + n) / (1 + df)) + 1, float32 [buckets] (as in scikit-learn)."""
    return (np.log((1 + counts.shape[0]) / (1 + document_frequency(counts))) + 1).astype(np.float32)


def describe_texts(texts: Sequence[str], idf: NDArray[np.float32]) -> dict[str, NDArray]:
    """Descriptors of pages, each [pages, …].

    Args:
        idf: float32 [BUCKETS], fitted on training pages.

    Returns:
        number: int16 [pages, 3], the printed page number, total and strength (0 where unknown).
        head, foot: uint32 [pages, EDGE_LINES], hashes of the outer lines with digits masked, the
            outermost first, 0 for none.
        projection: float16 [pages, PROJECTION], unit vectors whose dot products estimate the
            cosines of tf-idf vectors.
        rare: int32 [pages, RARE], buckets of the page's rare words, the lowest of them, rising,
            −1 for none. Buckets are hashes, so that what two pages share can be told from these
            few (bottom-k sketches, Cohen and Kaplan 2007).
        form: float16 [pages, len(FORM)].
    """
    lines = [[line.strip() for line in text.splitlines() if line.strip()] for text in texts]
    numbers = [read_page_number(text) for text in texts]
    counts, words = counts_and_words(texts)
    return {
        "number": np.array(
            [(found.number, found.total, found.strength) for found in numbers], dtype=np.int16
        ).reshape(len(texts), 3),
        "head": _line_hashes(page[:EDGE_LINES] for page in lines),
        "foot": _line_hashes(page[::-1][:EDGE_LINES] for page in lines),
        "projection": _project(counts, idf),
        "rare": _lowest_rare(words, idf),
        "form": np.array(
            [_form(text, page) for text, page in zip(texts, lines, strict=True)], dtype=np.float16
        ).reshape(len(texts), len(FORM)),
    }


def _line_hashes(edges: Iterable[list[str]]) -> NDArray[np.uint32]:
    hashed = [
        [_masked_hash(line) for line in edge] + [0] * (EDGE_LINES - len(edge)) for edge in edges
    ]
    return np.array(hashed, dtype=np.uint32).reshape(len(hashed), EDGE_LINES)


def _masked_hash(line: str) -> int:
    """crc32 of the line with digits masked, so that a running page number changes nothing."""
    masked = re.sub(r"\d+", "0", " ".join(line.lower().split()))
    return zlib.crc32(masked.encode("utf-8", "ignore")) or 1


def _lowest_rare(words: sparse.csr_matrix, idf: NDArray[np.float32]) -> NDArray[np.int32]:
    page = np.repeat(np.arange(words.shape[0]), np.diff(words.indptr))
    rare = idf[words.indices] > _RARE_IDF
    page, bucket = page[rare], words.indices[rare]
    rank = np.arange(len(page)) - np.searchsorted(page, page)
    kept = rank < RARE
    lowest = np.full((words.shape[0], RARE), -1, dtype=np.int32)
    lowest[page[kept], rank[kept]] = bucket[kept]
    return lowest


def _project(counts: sparse.csr_matrix, idf: NDArray[np.float32]) -> NDArray[np.float16]:
    """Count sketch (Charikar et al. 2002): the expected dot product is that of the originals."""
    column, sign = _sketch()
    sketch = sparse.csr_matrix(
        (sign * idf, (np.arange(BUCKETS), column)), shape=(BUCKETS, PROJECTION)
    )
    weighed = sparse.csr_matrix(
        (np.log1p(counts.data), counts.indices, counts.indptr), counts.shape
    )
    projected = np.asarray((weighed @ sketch).todense())
    length = np.sqrt(np.square(projected).sum(axis=1, keepdims=True))
    return (projected / np.maximum(length, 1e-9)).astype(np.float16)


@cache
def _sketch() -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Column in [0, PROJECTION) and sign of each bucket, the same in every artifact."""
    rng = np.random.default_rng(20021)
    column = rng.integers(0, PROJECTION, BUCKETS)
    return column, rng.choice(np.array([-1, 1], dtype=np.float32), BUCKETS)


def _form(text: str, lines: list[str]) -> list[float]:
    capitals, letters, digits = _counts(text)
    first, last = (lines[0], lines[-1]) if lines else ("", "")
    folded = text.lower()
    return [
        float(np.log1p(len(text))),
        float(np.log1p(len(lines))),
        digits / max(1, len(text)),
        capitals / max(1, letters),
        float(np.log1p(len(first))),
        _counts(first)[0] / max(1, len(first)),
        float(np.log1p(len(last))),
        float(last.endswith((".", "!", "?"))),
        float(first[:1].islower()),
        float(_holds(folded, _SALUTATIONS)),
        float(_holds(folded, _CLOSINGS)),
    ]


def _counts(text: str) -> tuple[int, int, int]:
    """How many capitals, letters, digits there are; ASCII, most of any page, in one go."""
    plain = text.encode("ascii", "ignore")
    capitals, small, digits = (
        len(plain) - len(plain.translate(None, part)) for part in (_UPPER, _LOWER, _DIGITS)
    )
    others = _ASCII.sub("", text)
    return (
        capitals + sum(char.isupper() for char in others),
        capitals + small + sum(char.isalpha() for char in others),
        digits + sum(char.isdigit() for char in others),
    )


def _holds(folded: str, phrases: Iterable[str]) -> bool:
    """Does one of the phrases stand there as words of their own?"""
    return any(
        phrase in folded and re.search(rf"\b{phrase}\b", folded) is not None for phrase in phrases
    )
