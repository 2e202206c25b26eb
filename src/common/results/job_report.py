"""What the sequence job says of its own model: on pages held out, beside all that it must beat."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from common.job.files import write_json
from common.pages.examples import Examples
from common.results.history import History
from common.results.predictions import Predictions, write_base_outputs, write_predictions
from common.results.report import write_report
from common.results.standings import verdicts
from common.results.systems import beside, judge


def write_job_report(
    folder: Path,
    held_out: Examples,
    predictions: Predictions,
    others: Mapping[str, Predictions],
    *,
    target_precision: float,
    histories: Mapping[str, History],
) -> list[str]:
    """Write metrics.json, report.html and, a folder each, what was said of the pages.

    Args:
        folder: where to.
        predictions: the model's.
        others: those of other systems, by name.

    Returns:
        Whether the model beats its parts and the others, in sentences.
    """
    channel, evidence = held_out.channel, held_out.evidence
    write_predictions(folder / "predictions", *predictions)
    write_base_outputs(folder / "predictions", evidence.modalities)
    for name, said in others.items():
        write_predictions(folder / name.lower().replace(" ", "_"), *said)
    ensemble = judge(channel, predictions, target_precision=target_precision)
    systems = beside(ensemble, channel, evidence.modalities, others)
    write_json(folder / "metrics.json", ensemble.metrics.as_dict())
    write_report(folder / "report.html", channel, predictions, systems, histories=histories)
    return verdicts(systems)
