"""Out-of-fold page outputs: what a base model says of training pages that it has not seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from common.job.log import progress
from common.job.peers import ALONE, Peers
from common.pages.channel import Channel
from common.pages.outputs import (
    PageOutputs,
    join_page_outputs,
    pack_page_outputs,
    unpack_page_outputs,
)

FitAndSay = Callable[[Channel, Channel], PageOutputs]


def out_of_fold(
    train: Channel, fold: NDArray[np.int32], fit_and_say: FitAndSay, peers: Peers = ALONE
) -> PageOutputs:
    """Outputs of every page of `train`, each by a model that was trained without its fold.

    Hosts take turns at the folds: each trains whole models, and all get the outputs of all.

    Args:
        fold: of each page, [pages], from 0; see `assign_folds`.
        fit_and_say: trains on its first channel and returns the outputs of its second.
    """
    mine = range(fold.max() + 1)[peers.hosts.place :: peers.count]
    said = [
        fit_and_say(
            train.take(np.flatnonzero(fold != number)), train.take(np.flatnonzero(fold == number))
        )
        for number in progress(mine, what="out-of-fold models", unit="fold")
    ]
    if peers.count == 1:
        return join_page_outputs(said, train.keys)
    own = b""
    if said:
        keys = train.take(np.flatnonzero(np.isin(fold, mine))).keys
        own = pack_page_outputs(join_page_outputs(said, keys))
    parts = [unpack_page_outputs(told) for told in peers.gather(own) if told]
    everything = pack_page_outputs(join_page_outputs(parts, train.keys)) if parts else b""
    return unpack_page_outputs(peers.broadcast(everything))
