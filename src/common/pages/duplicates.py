"""Documents that are nearly the same: the same template filled twice, the same form again."""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

SHINGLE = 5  # words
THRESHOLD = 0.5  # Jaccard similarity from which two documents count as near-duplicates
_BANDS, _ROWS = 24, 4  # a pair at 0.5 shares a band with probability 1 − (1 − 0.5⁴)²⁴ = 0.79
_SMALL = 16  # documents
_PRIME = (1 << 31) - 1


def near_duplicate_clusters(texts: Sequence[str]) -> NDArray[np.int32]:
    """Cluster of each document: connected by pairs with Jaccard similarity ≥ THRESHOLD.

    Candidates come from MinHash bands (Broder 1997; Leskovec et al., Mining of Massive Datasets,
    ch. 3), and each is checked exactly: a few pairs near the threshold are missed, none is made up,
    and the cost stays near linear in the documents. Documents without text are nobody's duplicate.

    Returns:
        int32 [documents].
    """
    shingles = [_shingles(text) for text in texts]
    buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for document, found in enumerate(shingles):
        if len(found):
            for band, key in enumerate(_signature(found)):
                buckets[band, key.tobytes()].append(document)
    candidates = {pair for members in buckets.values() for pair in _pairs(members)}
    pairs = {
        (first, other)
        for first, other in candidates
        if _jaccard(shingles[first], shingles[other]) >= THRESHOLD
    }
    left, right = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
    graph = sparse.coo_matrix((np.ones(len(left)), (left, right)), shape=(len(texts),) * 2)
    return connected_components(graph, directed=False)[1]


def _pairs(members: list[int]) -> Iterator[tuple[int, int]]:
    """All pairs of a small bucket; of a large one, whose members mostly are alike, neighbours."""
    return combinations(members, 2) if len(members) <= _SMALL else pairwise(members)


def _shingles(text: str) -> NDArray[np.int64]:
    """Sorted hashes of the document's word 5-grams, digits masked, punctuation left out."""
    words = re.findall(r"\w+", re.sub(r"\d", "0", text.lower()))
    grams = {" ".join(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1))}
    return np.array(sorted({zlib.crc32(gram.encode()) for gram in grams if gram}), dtype=np.int64)


def _signature(shingles: NDArray[np.int64]) -> NDArray[np.int64]:
    """MinHash signature, int64 [_BANDS, _ROWS]."""
    rng = np.random.default_rng(1997)
    factor, shift = rng.integers(1, _PRIME, (2, _BANDS * _ROWS, 1))
    hashed = (factor * (shingles % _PRIME) + shift) % _PRIME
    return hashed.min(axis=1).reshape(_BANDS, _ROWS)


def _jaccard(left: NDArray[np.int64], right: NDArray[np.int64]) -> float:
    both = len(np.intersect1d(left, right, assume_unique=True))
    return both / (len(left) + len(right) - both)
