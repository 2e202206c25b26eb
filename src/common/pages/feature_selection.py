"""Which n-gram buckets a text model looks at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_selection import chi2

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
    present = present[:, common]
    questions = [targets.label == label for label in np.unique(targets.label)]
    questions += [targets.first_page > 0, targets.last_page > 0]
    worth = np.max([np.nan_to_num(chi2(present, answer)[0]) for answer in questions], axis=0)
    best = np.argsort(-worth, kind="stable")[:most]
    return np.sort(common[best]).astype(np.uint32)
