"""This project's segmental CRF: a step of learning the weights, and the best segmentation."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
from benchmarks.sequence.work import LIMIT, Work, make_work, setting_of, take_turns

from common.models.segmental_crf import SegmentalScores, expected_counts, run_messages
from common.models.segmental_paths import best_segmentations, path_counts, path_scores
from common.models.segmental_weights import Parts, difference, sensible_weights


def main() -> None:
    work = make_work(setting_of(sys.argv[1:]))
    streams, pages, classes = work.first.shape
    lengths = np.full(streams, pages)
    weights = sensible_weights(classes, voices=3)
    parts = Parts(
        lengths,
        work.first[:, :, 0].astype(np.float64),
        np.zeros((streams, pages, 3)),
        work.document.astype(np.float64),
        work.length.astype(np.float64),
        np.zeros(classes),
    )
    alone = [
        replace(
            parts,
            lengths=lengths[i],
            boundary=parts.boundary[i],
            voices=parts.voices[i],
            document=parts.document[i],
        )
        for i in (slice(stream, stream + 1) for stream in range(streams))
    ]
    truths = list(zip(work.labels, work.starts, strict=True))
    true = path_counts(weights.scores(parts), truths)

    def train() -> None:
        scores = weights.scores(parts)
        messages = run_messages(scores)
        (messages.log_partition - path_scores(scores, truths)).sum()
        weights.gradient(parts, difference(expected_counts(scores, messages), true))

    def decode() -> None:
        for one in alone:
            best_segmentations(weights.scores(one), 1)

    take_turns({"train": train, "decode": decode}, lambda: _check(work))


def _check(work: Work) -> list[float]:
    """Of the random scores themselves; no document is longer than the limit."""
    scores = SegmentalScores(
        first=work.first.astype(np.float64),
        continuation=work.continuation.astype(np.float64),
        lengths=np.full(len(work.first), work.first.shape[1]),
        length=work.length.astype(np.float64),
        tail=np.full(work.first.shape[2], -1e9),
        document=_within(work),
    )
    partition = run_messages(scores).log_partition
    best = [best_segmentations(scores.one(i), 1)[0].score for i in range(len(partition))]
    return np.stack([partition, best], axis=1).ravel().tolist()


def _within(work: Work) -> np.ndarray:
    """Document scores; none where the stream ends before."""
    document = work.document.astype(np.float64)
    for length in range(1, LIMIT + 1):
        document[:, max(0, document.shape[1] - length + 1) :, length - 1] = 0
    return document


if __name__ == "__main__":
    main()
