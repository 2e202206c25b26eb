"""From the chain CRF's scores to its best segmentations and what they are worth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from common.models.chain_crf import (
    ChainMessages,
    ChainScores,
    page_marginals,
    run_messages,
    segment_posterior,
)
from common.models.chain_paths import Path, best_of_each, best_segmentations
from common.models.segmental_crf import Floats
from common.pages.posteriors import Hypothesis, StreamPosteriors


def decode(scores: ChainScores, n_best: int = 1) -> StreamPosteriors:
    """The best segmentations and exact posteriors of one stream."""
    alone = ChainScores(scores.first[:, None], scores.continuation[:, None], scores.change)
    return decode_each(alone, [len(scores.first)], n_best)[0]


def decode_each(
    scores: ChainScores, lengths: Sequence[int], n_best: int = 1
) -> list[StreamPosteriors]:
    """The same of several streams side by side, as `padded_scores` gives them."""
    messages = run_messages(scores)
    first, continuation = page_marginals(scores, messages)
    if n_best == 1:
        best = [[path] for path in best_of_each(scores, lengths)]
    else:
        each = enumerate(lengths)
        best = [best_segmentations(scores.one(*stream), n_best) for stream in each]
    return [
        _said(
            scores.one(stream, pages),
            messages.one(stream, pages),
            first[:pages, stream],
            continuation[:pages, stream],
            best[stream],
        )
        for stream, pages in enumerate(lengths)
    ]


def _said(
    scores: ChainScores,
    messages: ChainMessages,
    first: Floats,
    continuation: Floats,
    paths: Sequence[Path],
) -> StreamPosteriors:
    """Of one stream."""
    best = [
        Hypothesis(labels, starts, float(np.exp(score - messages.log_partition)))
        for labels, starts, score in paths
    ]
    segments = [
        segment_posterior(scores, messages, span.start, span.stop) for span in best[0].spans
    ]
    return StreamPosteriors(
        best=tuple(best),
        class_probability=first + continuation,
        boundary=first.sum(axis=1),
        segment=np.stack(segments),
    )
