"""One page about an execution, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .decision import Decision

_SHOWN = {
    "segment_f1_with_label": "exact segments with label, F1",
    "segment_f1": "exact segments, F1",
    "boundary_f1": "boundary F1",
    "stp": "streams without error",
    "mndd": "pages to move a stream",
    "page_accuracy": "page accuracy",
    "segment_ece": "calibration error of segments",
    "accepted_coverage": "accepted segments",
    "accepted_precision": "precision of accepted segments",
}


def summary(
    event: Mapping[str, Any],
    manifest: Mapping[str, Any],
    metrics: Mapping[str, Any],
    in_use: Mapping[str, Any] | None,
    decision: Decision,
) -> str:
    """What was decided and why, the data, the figures beside those in use, and where things are."""
    outcome = "put into use" if decision.promoted else "not put into use"
    parts = [
        f"# Run {event['run_id']}: {outcome}",
        f"{decision.reason[0].upper()}{decision.reason[1:]}.",
        _data_table(manifest),
        *_refused(manifest),
        _figures_table(metrics, in_use),
        _places(event, in_use),
    ]
    return "\n\n".join(parts) + "\n"


def _data_table(manifest: Mapping[str, Any]) -> str:
    rows = [
        "| channel | streams | documents | pages | fingerprint |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, channel in manifest["channels"].items():
        counts = " | ".join(str(channel[what]) for what in ("streams", "documents", "pages"))
        rows.append(f"| {name} | {counts} | {channel['fingerprint'][:12]} |")
    return "\n".join(rows)


def _refused(manifest: Mapping[str, Any]) -> list[str]:
    """Where the data were converted from files, those that could not be read."""
    count = manifest.get("refused_files", 0)
    return (
        [f"Files that could not be read, and why: `data/refused.json`, {count}."] if count else []
    )


def _figures_table(metrics: Mapping[str, Any], in_use: Mapping[str, Any] | None) -> str:
    others = (in_use or {}).get("metrics", {})
    rows = ["| on the test streams | new | 95 % interval | in use |", "| --- | --- | --- | --- |"]
    for name, title in _SHOWN.items():
        figure = metrics["metrics"].get(name, {})
        low, high = figure.get("interval") or (None, None)
        cells = [_number(figure.get("value")), f"{_number(low)} – {_number(high)}"]
        rows.append(f"| {' | '.join([title, *cells, _number(others.get(name))])} |")
    return "\n".join(rows)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _places(event: Mapping[str, Any], in_use: Mapping[str, Any] | None) -> str:
    places = {
        "ensemble": event["model_artifact"],
        "SageMaker model": event["model"],
        "text model": event["base_models"]["text"],
        "image model": event["base_models"]["image"],
        "metrics": event["rules"]["metrics"],
        "execution": event["execution"],
        "in use before": (in_use or {}).get("run_id", "nothing"),
    }
    return "\n".join(f"- {name}: `{place}`" for name, place in places.items())


def kept_metrics(metrics: Mapping[str, Any]) -> dict[str, float | None]:
    """The values of the summary, for the pointer."""
    return {name: metrics["metrics"].get(name, {}).get("value") for name in _SHOWN}
