"""Several systems on the same streams, held out in turn: a table for a terminal, and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from common.results.bootstrap import Estimate, draw_streams, estimate, paired_difference
from common.results.catalogue import Metric, catalogue
from common.results.comparison import Comparison

FIGURES = (
    "page_accuracy",
    "page_macro_f1",
    "boundary_f1",
    "segment_f1",
    "segment_f1_with_label",
    "mndd",
    "stp_boundaries",
    "stp",
    "page_ece",
    "segment_ece",
    "stream_ece",
    "coverage_at_precision",
    "accepted_coverage",
    "accepted_precision",
)


@dataclass(frozen=True)
class CrossTable:
    """Figures by metric and system, and the lead of the first system over each of the others."""

    metrics: dict[str, Metric]
    values: dict[str, dict[str, Estimate]]
    leads: dict[str, dict[str, Estimate]]

    def as_dict(self) -> dict[str, object]:
        return {
            part: {
                metric: {system: one.as_dict() for system, one in by_system.items()}
                for metric, by_system in table.items()
            }
            for part, table in (("values", self.values), ("leads", self.leads))
        }

    def __str__(self) -> str:
        systems = list(next(iter(self.values.values())))
        rows = [["", *systems]]
        for name, by_system in self.values.items():
            rows.append([self.metrics[name].title, *(_figure(one) for one in by_system.values())])
        rows += [[], [f"lead of {systems[0]}", "", *systems[1:]]]
        for name, by_system in self.leads.items():
            leads = (_lead(one) for one in by_system.values())
            rows.append([self.metrics[name].title, "", *leads])
        width = [max(len(row[i]) for row in rows if len(row) > i) for i in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width[i]) for i, cell in enumerate(row)) for row in rows]
        return "\n".join(line.rstrip() for line in lines)


def cross_table(
    comparisons: Mapping[str, Comparison],
    *,
    copies: int,
    target_precision: float,
    seed: int,
) -> CrossTable:
    """Compare the first system with the others.

    Args:
        comparisons: by system, of the same streams in the same order.
        copies: how often each document comes in them.
    """
    first, *others = comparisons
    weights = draw_streams(len(comparisons[first].streams), seed=seed, copies=copies)
    known = catalogue(target_precision)
    metrics = {name: known[name] for name in FIGURES}
    values = {
        name: {system: estimate(metric.of(found), weights) for system, found in comparisons.items()}
        for name, metric in metrics.items()
    }
    leads = {
        name: {
            other: paired_difference(
                metric.of(comparisons[first]), metric.of(comparisons[other]), weights
            )
            for other in others
        }
        for name, metric in metrics.items()
        if not metric.needs_decision
    }
    return CrossTable(metrics, values, leads)


def _figure(found: Estimate) -> str:
    return "–" if found.value is None else f"{found.value:.3f}"


def _lead(found: Estimate) -> str:
    if found.value is None or found.interval is None:
        return "–"
    low, high = found.interval
    return f"{found.value:+.3f} ({low:+.3f} to {high:+.3f})"
