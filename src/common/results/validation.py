"""The sequence model on validation: figures for each epoch, and what it may accept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from common.pages.channel import Channel
from common.pages.examples import Examples
from common.pages.posteriors import StreamPosteriors
from common.results.acceptance import Acceptance
from common.results.boundary_metrics import boundary_f1
from common.results.comparison import Comparison, compare
from common.results.decisions import predictions_of
from common.results.novelty import Familiarity, familiarity, known_pages, unquestioned
from common.results.page_metrics import page_accuracy
from common.results.segment_metrics import segment_f1_with_label
from common.results.threshold import NOTHING, choose_threshold

_METRICS = {
    "page_accuracy": page_accuracy,
    "boundary_f1": boundary_f1,
    "segment_f1_with_label": segment_f1_with_label,
}


def score_streams(
    channel: Channel, classes: Sequence[str], posteriors: Sequence[StreamPosteriors]
) -> dict[str, float]:
    """The job's validation metrics; one that is undefined, as on one-page streams, is left out."""
    comparison = _compared(channel, classes, posteriors, unquestioned(len(channel)))
    once = np.ones((1, len(comparison.streams)))
    values = {name: float(metric(comparison)(once)[0]) for name, metric in _METRICS.items()}
    return {name: value for name, value in values.items() if not np.isnan(value)}


def acceptance_for(
    examples: Examples,
    classes: Sequence[str],
    posteriors: Sequence[StreamPosteriors],
    target_precision: float,
) -> Acceptance:
    """What may pass, so that the segments of validation promise the target precision.

    Those that may not pass, however sure they are, say nothing of those that may.
    """
    channel, evidence = examples.channel, examples.evidence
    known = known_pages(evidence, [document.rows for document in channel.documents])
    seen = familiarity(known, evidence)
    comparison = _compared(channel, classes, posteriors, seen)
    may_pass = np.array(
        [
            seen.may_pass(rows[span.start : span.stop])
            for rows, found in zip(channel.streams, posteriors, strict=True)
            for span in found.spans
        ]
    )
    threshold = choose_threshold(
        comparison.each("segment_confidence")[may_pass],
        comparison.each("exact_with_label")[may_pass],
        target_precision,
    )
    return Acceptance(threshold, known)


def _compared(
    channel: Channel,
    classes: Sequence[str],
    posteriors: Sequence[StreamPosteriors],
    seen: Familiarity,
) -> Comparison:
    return compare(channel, *predictions_of(channel, classes, posteriors, NOTHING, seen))
