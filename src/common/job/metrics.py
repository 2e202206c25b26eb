"""Metrics that a job prints, one declaration for the line and for the expression that reads it.

SageMaker finds metrics by regular expression in the log. `docs/metric_definitions.json` is made
from here and goes into a job's `AlgorithmSpecification.MetricDefinitions`.
"""

from __future__ import annotations

from collections.abc import Mapping

_NUMBER = r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"

BASE_METRICS = (
    "train:loss",
    "validation:loss",
    "validation:accuracy",
    "validation:macro_f1",
    "validation:first_page_accuracy",
    "validation:last_page_accuracy",
)
SEQUENCE_METRICS = (
    "train:loss",
    "validation:loss",
    "validation:page_accuracy",
    "validation:boundary_f1",
    "validation:segment_f1_with_label",
)
METRICS: dict[str, tuple[str, ...]] = {
    "text": BASE_METRICS,
    "image": BASE_METRICS,
    "sequence": SEQUENCE_METRICS,
}


def emit(values: Mapping[str, float]) -> None:
    """Print each metric as `name=value;` on a line of its own, flushed."""
    for name, value in values.items():
        print(f"{name}={value:.6g};", flush=True)


def definitions(kind: str) -> list[dict[str, str]]:
    """`MetricDefinitions` of a training job: `[{"Name": …, "Regex": …}]`."""
    return [{"Name": name, "Regex": f"{name}={_NUMBER};"} for name in METRICS[kind]]
