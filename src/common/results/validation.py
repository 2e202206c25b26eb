"""The sequence model on validation: figures for each epoch, and what it may accept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from common.pages.channel import Channel
from common.pages.examples import Examples
from common.pages.posteriors import StreamPosteriors
from common.results.boundary_metrics import boundary_f1
from common.results.comparison import Comparison, compare
from common.results.decisions import predictions_of
from common.results.novelty import (
    Familiarity,
    KnownPages,
    familiarity,
    known_pages,
    unquestioned,
)
from common.results.page_metrics import page_accuracy
from common.results.segment_metrics import segment_f1_with_label
from common.results.threshold import NOTHING, Threshold, choose_threshold

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


HeldOut = tuple[Examples, Sequence[StreamPosteriors]]  # and what is said of their streams


def known_pages_of(validation: Examples) -> KnownPages:
    """What pages of known classes look like that nothing was learnt from."""
    documents = [document.rows for document in validation.channel.documents]
    return known_pages(validation.evidence, documents)


def threshold_for(
    held_out: Iterable[HeldOut],
    classes: Sequence[str],
    known: KnownPages,
    target_precision: float,
    *,
    source: str = "validation",
) -> Threshold:
    """The threshold at which what was held out promises the target precision.

    Segments that may not pass, however sure they are, say nothing of those that may.

    Args:
        source: where the held-out pages come from, for messages.
    """
    confidence, right = [], []
    for examples, posteriors in held_out:
        channel, seen = examples.channel, familiarity(known, examples.evidence)
        comparison = _compared(channel, classes, posteriors, seen)
        may_pass = [
            seen.may_pass(rows[span.start : span.stop])
            for rows, found in zip(channel.streams, posteriors, strict=True)
            for span in found.spans
        ]
        confidence.append(comparison.each("segment_confidence")[may_pass])
        right.append(comparison.each("exact_with_label")[may_pass])
    return choose_threshold(
        np.concatenate(confidence), np.concatenate(right), target_precision, source=source
    )


def _compared(
    channel: Channel,
    classes: Sequence[str],
    posteriors: Sequence[StreamPosteriors],
    seen: Familiarity,
) -> Comparison:
    return compare(channel, *predictions_of(channel, classes, posteriors, NOTHING, seen))
