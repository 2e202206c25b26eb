"""N-gram features of many pages on disk, read a block at a time.

However many pages there are, no more than one block of them is in memory. A few pages make one
block, which stays there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from common.job.room import writing_to
from common.pages.noised_copies import NOISED
from common.pages.ocr_noise import add_noise

BLOCK = 8192  # pages

Features = Callable[[Iterator[str]], sparse.csr_matrix]  # pages → float32 [pages, features]


@dataclass(frozen=True)
class Block:
    """`rows` intp [n] are pages; the first n rows of `features` are theirs.

    `copy` intp [n] is the row of features with the page's noised copy, or its own row again.
    """

    rows: NDArray[np.intp]
    features: sparse.csr_matrix
    copy: NDArray[np.intp]


class FeatureBlocks:
    """The blocks of some pages; a context, whose end removes what lies on disk."""

    def __init__(self, pages: int) -> None:
        self.pages = pages
        self.sizes: list[int] = []
        self._last: tuple[int, Block] | None = None
        self._scratch = tempfile.TemporaryDirectory(prefix="features-")

    def __enter__(self) -> FeatureBlocks:
        return self

    def __exit__(self, *reason: object) -> None:
        self._scratch.cleanup()

    def __len__(self) -> int:
        return len(self.sizes)

    def batches(self, size: int) -> int:
        """How many batches of at most `size` pages there are, none across two blocks."""
        return sum(-(-pages // size) for pages in self.sizes)

    def add(self, block: Block) -> None:
        file = self._file(len(self.sizes))
        self._last = len(self.sizes), block
        self.sizes.append(len(block.rows))
        if self.pages > len(block.rows):
            matrix = block.features
            with writing_to(Path(tempfile.gettempdir())):
                np.savez(
                    file,
                    rows=block.rows,
                    copy=block.copy,
                    data=matrix.data,
                    indices=matrix.indices,
                    indptr=matrix.indptr,
                    shape=matrix.shape,
                )

    def read(self, number: int) -> Block:
        if self._last is not None and self._last[0] == number:
            return self._last[1]
        self._last = None  # before the next is read: one is in memory, never two
        with np.load(self._file(number)) as found:
            parts = found["data"], found["indices"], found["indptr"]
            features = sparse.csr_matrix(parts, shape=tuple(found["shape"]))
            self._last = number, Block(found["rows"], features, found["copy"])
        return self._last[1]

    def _file(self, number: int) -> Path:
        return Path(self._scratch.name) / f"{number}.npz"


def feature_blocks(
    texts: Sequence[str],
    features: Features,
    *,
    seed: int | None = None,
    noise: float = 0,
) -> FeatureBlocks:
    """Features of pages, in blocks.

    Args:
        texts: pages; each is read once.
        features: of a few thousand pages at a time.
        seed: of the order in which pages are spread over blocks; None keeps theirs.
        noise: the largest character error rate put into the noised copies; 0 makes none.
    """
    pages = len(texts)
    order = np.arange(pages) if seed is None else np.random.default_rng(seed).permutation(pages)
    blocks = FeatureBlocks(pages)
    share = min(1.0, NOISED / max(1, pages)) if noise else 0.0
    for start in range(0, pages, BLOCK):
        rows = order[start : start + BLOCK]
        own = features(texts[row] for row in rows)
        copied = np.arange(round(share * len(rows)))
        rng = np.random.default_rng((seed or 0, start))
        copies = features(add_noise(texts[rows[at]], rng.uniform(0, noise), rng) for at in copied)
        copy = np.arange(len(rows))
        copy[copied] += len(rows)
        blocks.add(Block(rows, sparse.vstack([own, copies], format="csr"), copy))
    return blocks
