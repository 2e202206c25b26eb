"""Every metric: its name, how it is computed, and how people read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from common.results import automation, bcubed, boundary_metrics, calibration
from common.results import page_metrics as pages
from common.results import segment_metrics as segments
from common.results.bootstrap import WeightedMetric
from common.results.comparison import Comparison


@dataclass(frozen=True)
class Metric:
    """One figure of metrics.json, and how a report shows it."""

    group: str
    name: str
    title: str
    of: Callable[[Comparison], WeightedMetric]
    meaning: str
    higher_is_better: bool = True
    share: bool = True  # in [0, 1], written as a percentage
    detail: bool = False  # shown on request
    needs_decision: bool = False  # looks at `accepted`, which base models alone do not say


def catalogue(target_precision: float) -> dict[str, Metric]:
    """All metrics by name, in the order in which reports show them."""
    metrics = (*_SEGMENTS, *_BOUNDARIES, *_PAGES, *_automation(target_precision))
    return {metric.name: metric for metric in metrics}


_SEGMENTS = (
    Metric(
        "Documents",
        "segment_f1_with_label",
        "Exact segments with label, F1",
        segments.segment_f1_with_label,
        "both ends and the label are right",
    ),
    Metric(
        "Documents",
        "segment_f1",
        "Exact segments, F1",
        segments.segment_f1,
        "both ends are right, whatever the label",
    ),
    Metric(
        "Documents",
        "stp",
        "Streams without error (STP)",
        segments.stp,
        "streams with every boundary and every label right",
    ),
    Metric(
        "Documents",
        "stp_boundaries",
        "Streams with right boundaries",
        segments.stp_boundaries,
        "streams with every boundary right, whatever the labels",
    ),
    Metric(
        "Documents",
        "mndd",
        "Pages to move per stream (MNDD)",
        segments.mndd,
        "pages that a person must move to another document",
        higher_is_better=False,
        share=False,
    ),
    Metric(
        "Documents",
        "pq",
        "Panoptic quality, mean over streams",
        segments.pq,
        "overlap (IoU > ½) of matched segments, whatever the label",
    ),
    Metric(
        "Documents",
        "pq_pooled",
        "Panoptic quality, pooled",
        segments.pq_pooled,
        "the same over the segments of all streams together",
        detail=True,
    ),
    Metric(
        "Documents",
        "bcubed_precision",
        "B-cubed precision",
        bcubed.bcubed_precision,
        "mean share of a page's predicted document that belongs with it",
        detail=True,
    ),
    Metric(
        "Documents",
        "bcubed_recall",
        "B-cubed recall",
        bcubed.bcubed_recall,
        "mean share of a page's true document that was kept with it",
        detail=True,
    ),
    Metric(
        "Documents",
        "bcubed_f1",
        "B-cubed F1",
        bcubed.bcubed_f1,
        "harmonic mean of B-cubed precision and recall",
    ),
)
_BOUNDARIES = (
    Metric(
        "Boundaries",
        "boundary_f1",
        "Boundary F1",
        boundary_metrics.boundary_f1,
        "where documents start; a stream's first page does not count",
    ),
    Metric(
        "Boundaries",
        "boundary_precision",
        "Boundary precision",
        boundary_metrics.boundary_precision,
        "predicted boundaries that are true",
        detail=True,
    ),
    Metric(
        "Boundaries",
        "boundary_recall",
        "Boundary recall",
        boundary_metrics.boundary_recall,
        "true boundaries that were found",
        detail=True,
    ),
    Metric(
        "Boundaries",
        "window_diff",
        "WindowDiff",
        boundary_metrics.window_diff,
        "windows of half a document in which the number of boundaries is wrong",
        higher_is_better=False,
    ),
)
_PAGES = (
    Metric(
        "Pages", "page_accuracy", "Page accuracy", pages.page_accuracy, "pages with the right class"
    ),
    Metric(
        "Pages",
        "page_macro_f1",
        "Page macro-F1",
        pages.page_macro_f1,
        "mean F1 over the classes in truth or prediction",
    ),
    Metric(
        "Pages",
        "page_ece",
        "Page calibration error (ECE)",
        calibration.page_ece,
        "how far the confidence of a page's label is from the truth, 15 bins",
        higher_is_better=False,
    ),
    Metric(
        "Pages",
        "segment_ece",
        "Segment calibration error (ECE)",
        calibration.segment_ece,
        "the same for segments: both ends and the label right",
        higher_is_better=False,
    ),
    Metric(
        "Pages",
        "stream_ece",
        "Stream calibration error (ECE)",
        calibration.stream_ece,
        "the same for whole streams: no error at all",
        higher_is_better=False,
    ),
)


def _automation(target_precision: float) -> tuple[Metric, ...]:
    target = f"{100 * target_precision:g} %"
    return (
        Metric(
            "Automation",
            "coverage_at_precision",
            f"Coverage at {target} precision",
            partial(automation.coverage_at_precision, target=target_precision),
            "most confident share of segments that could pass unseen, threshold chosen afterwards",
        ),
        Metric(
            "Automation",
            "accepted_coverage",
            "Accepted segments",
            automation.accepted_coverage,
            "share of segments that the model's own threshold let pass",
            needs_decision=True,
        ),
        Metric(
            "Automation",
            "accepted_precision",
            "Precision of accepted segments",
            automation.accepted_precision,
            "share of those whose ends and label are right",
            needs_decision=True,
        ),
    )
