"""Predictions against labels: everything that goes into metrics.json."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from common.results.bootstrap import DRAWS, LEVEL, Estimate, draw_streams, estimate
from common.results.catalogue import catalogue
from common.results.comparison import Comparison
from common.results.page_metrics import ClassScores, class_scores, page_confusion

TARGET_PRECISION = 0.99


@dataclass(frozen=True)
class Counts:
    """How much the figures rest on."""

    streams: int
    pages: int
    documents: int  # true segments
    segments: int  # predicted ones


@dataclass(frozen=True)
class Metrics:
    """Every figure with its 95 % bootstrap interval over streams, and the classes one by one."""

    counts: Counts
    estimates: dict[str, Estimate]
    classes: list[ClassScores]
    confusion: list[list[int]]  # pages, rows the true class, in the order of `classes`
    target_precision: float
    seed: int

    def __getitem__(self, name: str) -> Estimate:
        return self.estimates[name]

    def as_dict(self) -> dict[str, object]:
        """What metrics.json holds."""
        return {
            "counts": asdict(self.counts),
            "metrics": {name: figure.as_dict() for name, figure in self.estimates.items()},
            "classes": [asdict(scores) for scores in self.classes],
            "confusion": {
                "labels": [scores.label for scores in self.classes],
                "pages": self.confusion,
            },
            "target_precision": self.target_precision,
            "bootstrap": {"draws": DRAWS, "level": LEVEL, "over": "streams", "seed": self.seed},
        }


def measure(
    comparison: Comparison, *, target_precision: float = TARGET_PRECISION, seed: int = 0
) -> Metrics:
    """All figures of one comparison.

    Labels that the model never knew, streams of one page and a single stream are all welcome;
    with one stream every interval shrinks to the value, for there is nothing to draw from.
    """
    weights = draw_streams(len(comparison.streams), seed=seed)
    return Metrics(
        counts=_count(comparison),
        estimates={
            name: estimate(metric.of(comparison), weights)
            for name, metric in catalogue(target_precision).items()
        },
        classes=class_scores(comparison),
        confusion=page_confusion(comparison).tolist(),
        target_precision=target_precision,
        seed=seed,
    )


def _count(comparison: Comparison) -> Counts:
    return Counts(
        streams=len(comparison.streams),
        pages=len(comparison.each("true_segment")),
        documents=len(comparison.each("true_labels")),
        segments=len(comparison.each("predicted_labels")),
    )
