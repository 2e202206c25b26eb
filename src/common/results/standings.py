"""The comparison of systems as a reader sees it: a table of figures, and a verdict in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.results.bootstrap import Estimate
from common.results.catalogue import Metric, catalogue
from common.results.systems import (
    ALONE,
    CHAIN,
    HEADLINE,
    MEAN,
    Contest,
    System,
    better_base,
    contest,
    is_ahead,
)

NOTHING = "–"


@dataclass(frozen=True)
class Cell:
    """One figure, ready to print."""

    value: str
    interval: str
    best: bool = False


@dataclass(frozen=True)
class Standing:
    """One metric of every system, and the ensemble's lead over its rival if there is one."""

    metric: Metric
    cells: list[Cell]
    lead: Cell | None = None
    ahead: bool | None = None


def standings(systems: Sequence[System], against: Contest | None) -> list[Standing]:
    """A line for each metric that all systems can be judged by."""
    target = systems[0].metrics.target_precision
    return [
        _standing(metric, systems, against)
        for metric in catalogue(target).values()
        if not (metric.needs_decision and len(systems) > 1)
    ]


def _standing(metric: Metric, systems: Sequence[System], against: Contest | None) -> Standing:
    cells = [cell(metric, system.metrics[metric.name]) for system in systems]
    known = [
        (system.metrics[metric.name].value, shown.value)
        for system, shown in zip(systems, cells, strict=True)
        if system.metrics[metric.name].value is not None
    ]
    choose = max if metric.higher_is_better else min
    best = choose(known, default=(None, None), key=lambda pair: pair[0] or 0.0)[1]
    several = len(known) > 1
    cells = [Cell(c.value, c.interval, several and c.value == best) for c in cells]
    if against is None:
        return Standing(metric, cells)
    lead = against.leads[metric.name]
    return Standing(metric, cells, lead_cell(metric, lead), is_ahead(metric, lead))


def cell(metric: Metric, found: Estimate) -> Cell:
    """Value and interval; shares in percent, other figures with two decimals."""
    if found.value is None or found.interval is None:
        return Cell(NOTHING, "")
    low, high = (_number(metric, end) for end in found.interval)
    return Cell(_number(metric, found.value), f"{low} to {high}")


def lead_cell(metric: Metric, lead: Estimate) -> Cell:
    """A difference with its sign; shares in percentage points."""
    if lead.value is None or lead.interval is None:
        return Cell(NOTHING, "")
    low, high = (_signed(metric, end) for end in lead.interval)
    return Cell(_signed(metric, lead.value), f"{low} to {high}")


def _number(metric: Metric, value: float) -> str:
    return f"{100 * value:.1f}" if metric.share else f"{value:.2f}"


def _signed(metric: Metric, value: float) -> str:
    text = _number(metric, abs(value))
    zero = float(text) == 0
    return text if zero else ("+" if value > 0 else "−") + text


def verdict(against: Contest, called: str) -> str:
    """Does the ensemble beat the rival, and by how much? One plain sentence."""
    metric = catalogue(against.rival.metrics.target_precision)[HEADLINE]
    lead = lead_cell(metric, against.leads[HEADLINE])
    outcome = {
        True: "beats {}",
        False: "falls behind {}",
        None: "does not beat {} beyond chance",
    }[is_ahead(metric, against.leads[HEADLINE])]
    return (
        f"The ensemble {outcome.format(called)}: {lead.value} points in the F1 of exact segments "
        f"with label (95 % interval {lead.interval})."
    )


def verdicts(systems: Sequence[System]) -> list[str]:
    """Does the first system beat the better base model alone, and each of the others? Sentences."""
    ensemble, *others = systems
    base = better_base(systems)
    rivals = [] if base is None else [base]
    rivals += [system for system in others if not system.name.endswith(ALONE)]
    return [verdict(contest(ensemble, rival), _called(rival, len(systems))) for rival in rivals]


def _called(rival: System, systems: int) -> str:
    """How a sentence names a rival."""
    if rival.name.endswith(ALONE):
        return rival.name.lower() + (" (the better of its parts)" if systems > 2 else "")
    return {MEAN: "the mean of both", CHAIN: "the linear chain"}.get(rival.name, rival.name)
