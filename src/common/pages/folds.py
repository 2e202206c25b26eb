"""Folds for out-of-fold outputs: pages that give each other away stay together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from common.job.errors import ClientError
from common.job.log import logger
from common.pages.channel import Channel
from common.pages.duplicates import near_duplicate_clusters
from common.pages.page import Page

_ROOM = 1.2  # how many times its share of the pages a fold may hold before it takes no more


def assign_folds(
    channel: Channel,
    folds: int,
    seed: int,
    readable: Callable[[Page], bool] = lambda page: True,
) -> NDArray[np.int32]:
    """Fold of each page, int32 [pages].

    Near-duplicate documents always share a fold. So do the documents of a stream, unless
    near-duplicates tie more than a fold's share of all pages together: of such a group, each
    cluster of near-duplicates goes where most of its streams' pages are, as far as there is room.
    How many streams are spread over folds is logged.

    Args:
        readable: whether the model that is to be trained has something to read on a page.

    Raises:
        ClientError: fewer independent groups of documents than folds, or one fold holds all that
            is readable.
    """
    documents = channel.documents
    texts = ("\n".join(channel.texts[row] for row in document.rows) for document in documents)
    clusters = near_duplicate_clusters(texts)
    streams = np.unique([document.stream for document in documents], return_inverse=True)[1]
    pages = np.array([len(document.rows) for document in documents])
    groups = _groups(clusters, streams, pages, most=pages.sum() / folds * _ROOM)
    if groups.max() + 1 < folds:
        raise ClientError(
            f"channel '{channel.name}': {folds} folds need as many unrelated documents, and there "
            f"are {groups.max() + 1}. Give more documents, or set the hyperparameter folds lower."
        )
    fold = _distribute(groups, streams, pages, folds, seed)
    stream_folds = np.unique(np.stack([streams, fold]), axis=1)  # (stream, fold), each once
    spread = (np.bincount(stream_folds[0]) > 1).sum()
    if spread:
        logger.info(
            "channel '%s': near-duplicates spread %d of %d streams over folds",
            channel.name,
            spread,
            streams.max() + 1,
        )
    of_page = np.repeat(fold, pages)
    if len(np.unique(of_page[[readable(page) for page in channel.pages]])) == 1:
        raise ClientError(
            f"channel '{channel.name}': all pages that this model can read lie in documents that "
            "belong together, so nothing is left to learn from out of fold. Give more documents."
        )
    return of_page


def _groups(clusters: NDArray, streams: NDArray, pages: NDArray, most: float) -> NDArray[np.intp]:
    """Group of each document: those tied by clusters and streams, or, if too large, by clusters."""
    nodes = int(clusters.max() + streams.max() + 2)
    ties = (np.ones(len(clusters)), (clusters, clusters.max() + 1 + streams))
    tied = connected_components(sparse.coo_matrix(ties, shape=(nodes, nodes)), directed=False)[1]
    group = tied[clusters]
    too_large = np.bincount(group, weights=pages)[group] > most
    return np.unique(np.where(too_large, nodes + clusters, group), return_inverse=True)[1]


def _distribute(
    groups: NDArray, streams: NDArray, pages: NDArray, folds: int, seed: int
) -> NDArray[np.int32]:
    """Fold of each document; the largest group first, equals in random order.

    A group goes to the fold that holds most pages of its streams, among those with room, and of
    equals to the emptiest; the last ones to folds that would else have none.
    """
    sizes = np.bincount(groups, weights=pages)
    of_group = np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])
    most = pages.sum() / folds * _ROOM
    order = np.random.default_rng(seed).permutation(len(sizes))
    load, kin = np.zeros(folds), np.zeros((folds, streams.max() + 1))
    fold = np.zeros(len(groups), dtype=np.int32)
    for left, group in zip(
        range(len(order), 0, -1), order[np.argsort(-sizes[order], kind="stable")], strict=True
    ):
        members = of_group[group]
        room = load + sizes[group] <= most
        related = kin[:, streams[members]].sum(axis=1)
        taken = (load > 0) & (left <= np.count_nonzero(load == 0))
        best = np.lexsort((load, -related * room, ~room, taken))[0]
        fold[members] = best
        load[best] += sizes[group]
        np.add.at(kin[best], streams[members], pages[members])
    return fold
