"""Documents that are nearly the same: the same template filled twice, the same form again."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

SHINGLE = 5  # words
THRESHOLD = 0.5  # Jaccard similarity from which two documents count as near-duplicates
_BANDS, _ROWS = 24, 4  # a pair at 0.5 shares a band with probability 1 − (1 − 0.5⁴)²⁴ = 0.79
_SMALL = 16  # documents
_PRIME = (1 << 31) - 1
_PORTION = 4096  # shingles hashed at a time, which bounds memory for a document of any length


def near_duplicate_clusters(texts: Iterable[str]) -> NDArray[np.int32]:
    """Cluster of each document: connected by pairs with Jaccard similarity ≥ THRESHOLD.

    Candidates come from MinHash bands (Broder 1997; Leskovec et al., Mining of Massive Datasets,
    ch. 3), and each is checked exactly: a few pairs near the threshold are missed, none is made up,
    and the cost stays near linear in the documents. Documents without text are nobody's duplicate.

    Returns:
        int32 [documents].
    """
    shingles = [_shingles(text) for text in texts]
    readable = np.flatnonzero([len(found) > 0 for found in shingles])
    signatures = np.zeros((len(readable), _BANDS, _ROWS), dtype=np.uint32)
    for place, document in enumerate(readable):
        signatures[place] = _signature(shingles[document])
    left, right = _candidates(signatures, readable)
    similarity = [
        _jaccard(shingles[one], shingles[other]) for one, other in zip(left, right, strict=True)
    ]
    alike = np.array(similarity) >= THRESHOLD
    ties = (np.ones(alike.sum()), (left[alike], right[alike]))
    graph = sparse.coo_matrix(ties, shape=(len(shingles),) * 2)
    return connected_components(graph, directed=False)[1]


def _candidates(
    signatures: NDArray[np.uint32], documents: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of documents, each pair once, that share a bucket: the values of one band.

    Args:
        signatures: [documents, _BANDS, _ROWS].
        documents: the number of each, ascending.
    """
    found = [_bucket_pairs(band) for band in signatures.swapaxes(0, 1)]
    first, other = np.divmod(np.unique(np.concatenate(found)), max(len(documents), 1))
    return documents[first], documents[other]


def _bucket_pairs(band: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Pairs with equal rows of band [documents, _ROWS], each as first · documents + other.

    All pairs of a small bucket; of a large one, whose members mostly are alike, neighbours.
    """
    order = np.lexsort(band.T)  # the members of a bucket side by side, ascending
    ranked = band[order]
    bucket = np.cumsum(np.append(False, (ranked[1:] != ranked[:-1]).any(axis=1)))
    small = np.bincount(bucket)[bucket] <= _SMALL
    pairs = []
    for apart in range(1, _SMALL):
        together = bucket[apart:] == bucket[:-apart]
        if apart > 1:
            together &= small[apart:]
        pairs.append(order[:-apart][together] * len(order) + order[apart:][together])
    return np.concatenate(pairs)


def _shingles(text: str) -> NDArray[np.uint32]:
    """Sorted hashes of the document's word 5-grams, digits masked, punctuation left out."""
    words = re.findall(r"\w+", re.sub(r"\d", "0", text.lower()))
    grams = {" ".join(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1))}
    return np.array(sorted({zlib.crc32(gram.encode()) for gram in grams if gram}), dtype=np.uint32)


def _signature(shingles: NDArray[np.uint32]) -> NDArray[np.int64]:
    """MinHash signature, int64 [_BANDS, _ROWS]."""
    rng = np.random.default_rng(1997)
    factor, shift = rng.integers(1, _PRIME, (2, _BANDS * _ROWS, 1))
    portions = np.array_split(shingles, len(shingles) // _PORTION + 1)
    lowest = [
        ((factor * (portion.astype(np.int64) % _PRIME) + shift) % _PRIME).min(axis=1)
        for portion in portions
    ]
    return np.min(lowest, axis=0).reshape(_BANDS, _ROWS)


def _jaccard(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> float:
    both = len(np.intersect1d(left, right, assume_unique=True))
    return both / (len(left) + len(right) - both)
