"""Batches of sequences of like length, padded to one of a few lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from gluonnlp.data import FixedBucketSampler
from mxnet import gluon
from numpy.typing import NDArray

from common.models.text_encoder import Heads

# Few, so that a compiled network meets few shapes; dense enough to waste little.
_STEPS = (8, 16, 32, 48, 64, 96, 128, 192, 256, 320, 384, 448, 512, 768)


def padded_length(length: int) -> int:
    """The length that a sequence of `length` items is padded to."""
    fitting = next((step for step in _STEPS if step >= length), None)
    return fitting or -(-length // _STEPS[-1]) * _STEPS[-1]


def length_batches(lengths: Sequence[int], batch_size: int) -> list[NDArray[np.intp]]:
    """Rows of each batch: every row once, all rows of a batch padded to the same length."""
    padded = [padded_length(length) for length in lengths]
    sampler = FixedBucketSampler(
        padded, batch_size, num_buckets=None, bucket_keys=sorted(set(padded))
    )
    return [np.array(rows, dtype=np.intp) for rows in sampler]


def shuffled_batches(
    lengths: Sequence[int], rows: NDArray[np.intp], batch_size: int, rng: np.random.Generator
) -> list[NDArray[np.intp]]:
    """`length_batches` of some rows, the members and the order of the batches left to chance."""
    order = rng.permutation(rows)
    batches = length_batches([lengths[row] for row in order], batch_size)
    return [order[batches[index]] for index in rng.permutation(len(batches))]


class SequencePages(Protocol):
    """Pages as sequences: the length of each, and what a network reads of some of them."""

    @property
    def lengths(self) -> list[int]: ...

    def batch(self, rows: NDArray[np.intp]) -> Any: ...


def forward_by_length(net: gluon.Block, pages: SequencePages, batch_size: int) -> Heads:
    """(embedding, heads) of pages, in their own order."""
    rows = length_batches(pages.lengths, batch_size)
    parts = [[array.asnumpy() for array in net(pages.batch(batch))] for batch in rows]
    order = np.argsort(np.concatenate(rows))
    return (
        np.concatenate([part[0] for part in parts])[order],
        np.concatenate([part[1] for part in parts])[order],
    )
