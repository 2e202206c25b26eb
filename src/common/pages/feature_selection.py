"""Which n-gram buckets a text model looks at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from common.job.errors import ClientError
from common.pages.targets import Targets

_SHARE = 0.005  # of the pages must hold a feature: between 2 and 10 of them at least


def select_features(counts: sparse.csr_matrix, targets: Targets, most: int) -> NDArray[np.uint32]:
    """The buckets that tell most about class, first page or last page, sorted uint32.

    A bucket's worth is the largest chi squared, over one class against the rest and the two
    boundaries, of its presence on a page.

    Raises:
        ClientError: nothing occurs on two pages.
    """
    present = counts.copy()
    present.data = np.ones_like(present.data)
    frequency = np.bincount(present.indices, minlength=present.shape[1])
    common = np.flatnonzero(frequency >= np.clip(_SHARE * counts.shape[0], 2, 10))
    if not len(common):
        raise ClientError(
            "channel 'train': no word or part of one occurs on two pages. Give it more pages with "
            "text, or train the image model alone: the sequence model can do without this one."
        )
    worth = _chi_squared(present[:, common], _questions(targets)).max(axis=0)
    best = np.argsort(-worth, kind="stable")[:most]
    return np.sort(common[best]).astype(np.uint32)


def _questions(targets: Targets) -> NDArray[np.float32]:
    """[pages, questions], 1 where the answer is yes: is it this class, a first, a last page?"""
    classes = targets.label[:, None] == np.unique(targets.label)
    return np.column_stack([classes, targets.first_page > 0, targets.last_page > 0]).astype(
        np.float32
    )


def _chi_squared(present: sparse.csr_matrix, answers: NDArray[np.float32]) -> NDArray[np.float64]:
    """Chi squared of each feature's presence and each answer, [questions, features]."""
    total = np.asarray(present.sum(axis=0), dtype=np.float64)
    yes = np.asarray((present.T @ answers).T, dtype=np.float64)
    expected = answers.mean(axis=0, dtype=np.float64)[:, None] * total
    squared = np.square(yes - expected)  # of "no", the same
    with np.errstate(divide="ignore", invalid="ignore"):  # an answer that all pages share
        return np.nan_to_num(squared / expected + squared / (total - expected), posinf=0)
