"""Out-of-fold page outputs: what a base model says of training pages that it has not seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from common.job.log import progress
from common.pages.channel import Channel
from common.pages.outputs import PageOutputs, join_page_outputs

FitAndSay = Callable[[Channel, Channel], PageOutputs]


def out_of_fold(train: Channel, fold: NDArray[np.int32], fit_and_say: FitAndSay) -> PageOutputs:
    """Outputs of every page of `train`, each by a model that was trained without its fold.

    Args:
        fold: of each page, [pages], from 0; see `assign_folds`.
        fit_and_say: trains on its first channel and returns the outputs of its second.
    """
    parts = [
        fit_and_say(
            train.take(np.flatnonzero(fold != number)), train.take(np.flatnonzero(fold == number))
        )
        for number in progress(range(fold.max() + 1), what="out-of-fold models", unit="fold")
    ]
    return join_page_outputs(parts, train.keys)
