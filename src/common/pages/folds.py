"""Folds for out-of-fold outputs: pages that give each other away stay together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from common.job.errors import ClientError
from common.pages.channel import Channel
from common.pages.duplicates import near_duplicate_clusters


def assign_folds(channel: Channel, folds: int, seed: int) -> NDArray[np.int32]:
    """Fold of each page, int32 [pages].

    Near-duplicate documents always share a fold. So do the documents of a stream, unless
    near-duplicates tie so many streams together that no balanced folds are left; then the
    stream's tie, the weaker leak of the two, is cut.

    Raises:
        ClientError: fewer independent groups of documents than folds.
    """
    documents = channel.documents
    texts = ["\n".join(channel.pages[row].text for row in document.rows) for document in documents]
    clusters = near_duplicate_clusters(texts)
    sizes = np.array([len(document.rows) for document in documents])
    groups = _tied(clusters, [document.stream for document in documents])
    if np.bincount(groups, weights=sizes).max() > 1.5 * sizes.sum() / folds:
        groups = clusters
    if groups.max() + 1 < folds:
        raise ClientError(
            f"channel '{channel.name}': {folds} folds need as many unrelated documents, and there "
            f"are {groups.max() + 1}. Give more documents, or set the hyperparameter folds lower."
        )
    fold_of_group = _balance(np.bincount(groups, weights=sizes), folds, seed)
    return np.repeat(fold_of_group[groups], sizes)


def _tied(clusters: NDArray[np.int32], streams: list[str]) -> NDArray[np.int32]:
    """Components of documents that share a cluster or a stream."""
    stream_ids = np.unique(streams, return_inverse=True)[1] + clusters.max() + 1
    nodes = int(stream_ids.max()) + 1
    ties = sparse.coo_matrix((np.ones(len(clusters)), (clusters, stream_ids)), shape=(nodes, nodes))
    component = connected_components(ties, directed=False)[1]
    return np.unique(component[clusters], return_inverse=True)[1].astype(np.int32)


def _balance(sizes: NDArray, folds: int, seed: int) -> NDArray[np.int32]:
    """Largest group first, each into the fold with the fewest pages; equals in random order."""
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    load = np.zeros(folds)
    fold = np.zeros(len(sizes), dtype=np.int32)
    for group in order:
        fold[group] = load.argmin()
        load[fold[group]] += sizes[group]
    return fold
