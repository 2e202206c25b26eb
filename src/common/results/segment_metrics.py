"""Whole documents: what came out exactly right, and how much of a person's work is left."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from common.results.bootstrap import WeightedMetric, ratio
from common.results.comparison import Comparison, StreamComparison

MATCH = 0.5  # a true and a predicted segment with a larger IoU match, and match no other


def segment_f1(comparison: Comparison) -> WeightedMetric:
    """F1 of segments whose two ends are right: 2 TP / (true + predicted)."""
    return _exact_f1(comparison, [stream.exact.sum() for stream in comparison.streams])


def segment_f1_with_label(comparison: Comparison) -> WeightedMetric:
    """F1 of segments whose two ends and label are right: 2 TP / (true + predicted)."""
    return _exact_f1(comparison, [stream.exact_with_label.sum() for stream in comparison.streams])


def _exact_f1(comparison: Comparison, hits: list[int]) -> WeightedMetric:
    both = [len(stream.true_labels) + len(stream.predicted_labels) for stream in comparison.streams]
    return ratio(2 * np.array(hits), both)


def pq(comparison: Comparison) -> WeightedMetric:
    """Panoptic quality of each stream, mean over streams.

    PQ = Σ_{(t, p) matched} IoU(t, p) / (TP + FP/2 + FN/2). A true and a predicted segment match
    when IoU > ½, which leaves each at most one partner; labels do not count. (Kirillov, He,
    Girshick, Rother and Dollár, "Panoptic Segmentation", CVPR 2019; for page streams: van Heusden,
    Marx and colleagues, "OpenPSS", TPDL 2024, who call it weighted F1.)
    """
    values = [np.divide(*_pq_parts(stream)) for stream in comparison.streams]
    return ratio(values, np.ones(len(values)))


def pq_pooled(comparison: Comparison) -> WeightedMetric:
    """Panoptic quality with matches, FP and FN of all streams counted together."""
    quality, halves = np.array([_pq_parts(stream) for stream in comparison.streams]).T
    return ratio(quality, halves)


def _pq_parts(stream: StreamComparison) -> tuple[float, float]:
    """Σ IoU of the matches, and TP + FP/2 + FN/2 = (true + predicted)/2."""
    matched = stream.iou[stream.iou > MATCH].sum()
    return float(matched), sum(stream.overlap.shape) / 2


def mndd(comparison: Comparison) -> WeightedMetric:
    """Pages that a person must move to another document, mean over streams; 0 is perfect.

    MNDD, the minimum number of drag-and-drops, = pages − max Σ overlap(t, m(t)) over all one-to-one
    assignments m of predicted to true segments, found exactly by the Hungarian method
    (Mungmeeprued, Ma, Mehta and Lipani, "Tab this Folder of Documents", DocEng 2022).
    """
    moved = [_pages_to_move(stream) for stream in comparison.streams]
    return ratio(moved, np.ones(len(moved)))


def _pages_to_move(stream: StreamComparison) -> int:
    partners = linear_sum_assignment(stream.overlap, maximize=True)
    return len(stream) - int(stream.overlap[partners].sum())


def stp_boundaries(comparison: Comparison) -> WeightedMetric:
    """Straight-through processing of the split: share of streams with every boundary right.

    Labels do not count (Heidenreich, Dalvi, Mukku, Verma and Pičuljan, "Large Language Models for
    Page Stream Segmentation", TABME++, 2024); see `stp`.
    """
    return _flawless([stream.exact.all() for stream in comparison.streams])


def stp(comparison: Comparison) -> WeightedMetric:
    """Straight-through processing: share of streams without any error, labels included."""
    return _flawless([stream.flawless for stream in comparison.streams])


def _flawless(streams: list[np.bool_]) -> WeightedMetric:
    return ratio(streams, np.ones(len(streams)))
