"""Which n-gram buckets a text model looks at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from common.job.errors import ClientError
from common.pages.ngrams import document_frequency
from common.pages.targets import Targets

_SHARE = 0.005  # of the pages must hold a feature: between 2 and 10 of them at least


def worth_of_features(counts: sparse.csr_matrix, targets: Targets) -> NDArray[np.float64]:
    """What each bucket tells about class, first page or last page, [buckets].

    The largest chi squared, over one class against the rest and the two boundaries, of its presence
    on a page; -inf where it is on too few.
    """
    frequency = document_frequency(counts)
    common = frequency >= np.clip(_SHARE * counts.shape[0], 2, 10)
    ones = np.ones(counts.nnz, dtype=np.float32)
    present = sparse.csr_matrix((ones, counts.indices, counts.indptr), shape=counts.shape)
    questions = _questions(targets)
    yes = present.T @ questions
    shares = questions.mean(axis=0, dtype=np.float64)
    worth = np.where(common, 0, -np.inf)
    for answers, share in zip(yes.T, shares, strict=True):  # all at once they would fill memory
        worth[common] = np.maximum(
            worth[common], _chi_squared(frequency[common], answers[common], share)
        )
    return worth


def select_features(worth: NDArray[np.float64], most: int) -> NDArray[np.uint32]:
    """The buckets that are worth most, sorted uint32.

    Raises:
        ClientError: nothing occurs on two pages.
    """
    common = np.flatnonzero(worth >= 0)
    if not len(common):
        raise ClientError(
            "channel 'train': no word or part of one occurs on two pages. Give it more pages with "
            "text, or train the image model alone: the sequence model can do without this one."
        )
    best = np.argsort(-worth[common], kind="stable")[:most]
    return np.sort(common[best]).astype(np.uint32)


def _questions(targets: Targets) -> NDArray[np.float32]:
    """[pages, questions], 1 where the answer is yes: is it this class, a first, a last page?"""
    classes = targets.label[:, None] == np.unique(targets.label)
    return np.column_stack([classes, targets.first_page > 0, targets.last_page > 0]).astype(
        np.float32
    )


def _chi_squared(
    frequency: NDArray[np.intp], yes: NDArray[np.float32], share: float
) -> NDArray[np.float64]:
    """Chi squared of each feature's presence and the answer to a question, [features].

    Args:
        frequency: on how many pages the feature is.
        yes: on how many of them the answer is yes.
        share: of all pages on which it is.
    """
    expected = share * frequency
    squared = np.square(yes - expected)  # of "no", the same
    with np.errstate(divide="ignore", invalid="ignore"):  # an answer that all pages share
        return np.nan_to_num(squared / expected + squared / (frequency - expected), posinf=0)
