"""The sequence model on validation: figures for each epoch, and the threshold to accept by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from common.pages.channel import Channel
from common.pages.posteriors import StreamPosteriors
from common.results.boundary_metrics import boundary_f1
from common.results.comparison import Comparison, compare
from common.results.decisions import predictions_of
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
    comparison = _compared(channel, classes, posteriors)
    once = np.ones((1, len(comparison.streams)))
    values = {name: float(metric(comparison)(once)[0]) for name, metric in _METRICS.items()}
    return {name: value for name, value in values.items() if not np.isnan(value)}


def threshold_for(
    channel: Channel,
    classes: Sequence[str],
    posteriors: Sequence[StreamPosteriors],
    target_precision: float,
) -> Threshold:
    """The threshold at which validation's segments promise the target precision."""
    comparison = _compared(channel, classes, posteriors)
    return choose_threshold(
        comparison.each("segment_confidence"),
        comparison.each("exact_with_label"),
        target_precision,
    )


def _compared(
    channel: Channel, classes: Sequence[str], posteriors: Sequence[StreamPosteriors]
) -> Comparison:
    return compare(channel, *predictions_of(channel, classes, posteriors, NOTHING))
