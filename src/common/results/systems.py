"""The ensemble beside its own parts, on the same pages: does it pay?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common.pages.channel import Channel
from common.pages.outputs import PageOutputs
from common.results.baselines import baseline, mean_of, outputs_of
from common.results.bootstrap import Estimate, draw_streams, paired_difference
from common.results.catalogue import Metric, catalogue
from common.results.comparison import Comparison, compare
from common.results.metrics import TARGET_PRECISION, Metrics, measure
from common.results.predictions import Predictions

HEADLINE = "segment_f1_with_label"
ENSEMBLE = "Ensemble"
MEAN = "Mean of both"
CHAIN = "Linear chain"
ALONE = " alone"


@dataclass(frozen=True)
class System:
    """One way to answer, and how well it did."""

    name: str
    comparison: Comparison
    metrics: Metrics


@dataclass(frozen=True)
class Contest:
    """The ensemble against one of the others: its lead in each metric, paired by stream."""

    rival: System
    leads: Mapping[str, Estimate]  # ensemble minus rival


def judge(
    channel: Channel,
    predictions: Predictions,
    *,
    name: str = ENSEMBLE,
    target_precision: float = TARGET_PRECISION,
    seed: int = 0,
) -> System:
    """Compare predictions with the channel's labels.

    Raises:
        ClientError: there are pages without prediction, or predictions without page.
        ValueError: the channel has no labels, or the segments do not cover every page once.
    """
    comparison = compare(channel, *predictions)
    return System(
        name, comparison, measure(comparison, target_precision=target_precision, seed=seed)
    )


def beside(
    ensemble: System,
    channel: Channel,
    base_outputs: Sequence[PageOutputs],
    others: Mapping[str, Predictions] | None = None,
) -> list[System]:
    """The ensemble first, then each base model alone and, of two, their mean, judged as it was.

    Args:
        others: what other systems say of the same pages, by their names; they come last.

    Raises:
        ClientError: a page of the channel lacks its base outputs, or another system's answer.
    """
    answers: dict[str, Predictions] = {}
    aligned = [outputs_of(channel.keys, outputs) for outputs in base_outputs]
    for outputs in aligned:
        answers[outputs.kind.capitalize() + ALONE] = baseline(outputs)
    if len(aligned) == 2:
        answers[MEAN] = baseline(mean_of(*aligned))
    answers |= others or {}
    target, seed = ensemble.metrics.target_precision, ensemble.metrics.seed
    rivals = [
        judge(channel, found, name=name, target_precision=target, seed=seed)
        for name, found in answers.items()
    ]
    return [ensemble, *rivals]


def better_base(systems: Sequence[System]) -> System | None:
    """The base model alone with the higher headline figure, the first of two equals."""
    alone = [system for system in systems if system.name.endswith(ALONE)]
    return max(alone, key=lambda system: system.metrics[HEADLINE].value or 0, default=None)


def contest(ensemble: System, rival: System) -> Contest:
    """Paired bootstrap of every metric of two systems on the same streams."""
    metrics = catalogue(ensemble.metrics.target_precision)
    weights = draw_streams(len(ensemble.comparison.streams), seed=ensemble.metrics.seed)
    return Contest(
        rival,
        {
            name: paired_difference(
                metric.of(ensemble.comparison), metric.of(rival.comparison), weights
            )
            for name, metric in metrics.items()
        },
    )


def is_ahead(metric: Metric, lead: Estimate) -> bool | None:
    """True or False where the whole interval says so, None where chance would do."""
    if lead.interval is None:
        return None
    low, high = lead.interval
    if low <= 0 <= high:
        return None
    return (low > 0) == metric.higher_is_better
