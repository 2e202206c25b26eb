"""Out-of-fold page outputs: what a base model says of training pages that it has not seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from common.job.log import progress
from common.pages.channel import Channel
from common.pages.folds import assign_folds
from common.pages.outputs import PageOutputs, join_page_outputs

FitAndSay = Callable[[Channel, Channel], PageOutputs]


def out_of_fold(train: Channel, fit_and_say: FitAndSay, *, folds: int, seed: int) -> PageOutputs:
    """Outputs of every page of `train`, each by a model that was trained without its fold.

    Args:
        fit_and_say: trains on its first channel and returns the outputs of its second.
    """
    fold = assign_folds(train, folds, seed)
    parts = [
        fit_and_say(
            train.take(np.flatnonzero(fold != number)), train.take(np.flatnonzero(fold == number))
        )
        for number in progress(range(folds), what="out-of-fold models", unit="fold")
    ]
    return join_page_outputs(parts, train.keys)
