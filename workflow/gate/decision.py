"""May a new ensemble take the place of the one in use?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

_EXACT, _CALIBRATION = "segment_f1_with_label", "segment_ece"


class MissingMetrics(Exception):
    """The test streams were not measured, or not whole."""


@dataclass(frozen=True)
class Figures:
    """What the gate looks at, of one ensemble on its test streams.

    Attributes:
        exact_segments: F1 of segments whose ends and label are right.
        segment_ece: calibration error of a segment's confidence.
        test_streams: fingerprint of the streams that both were measured on.
    """

    exact_segments: float
    segment_ece: float
    test_streams: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Decision:
    """Whether the new ensemble is put into use, and why."""

    promoted: bool
    reason: str


def figures_of(metrics: Mapping[str, Any], test_streams: str) -> Figures:
    """The figures among those of metrics.json.

    Raises:
        MissingMetrics: one of them is not there or has no value.
    """
    values = {}
    for name in (_EXACT, _CALIBRATION):
        value = metrics.get("metrics", {}).get(name, {}).get("value")
        if not isinstance(value, int | float):
            raise MissingMetrics(f"metrics.json has no value of '{name}'.")
        values[name] = float(value)
    return Figures(values[_EXACT], values[_CALIBRATION], test_streams)


def decide(new: Figures, in_use: Figures | None, rules: Mapping[str, Any]) -> Decision:
    """Compare; `in_use` is None where there is no ensemble in use.

    Args:
        rules: `tolerance`, by how much exact segments may fall, and `max_segment_ece`.
    """
    if new.segment_ece > rules["max_segment_ece"]:
        return Decision(
            False,
            f"calibration error of segments {new.segment_ece:.3f} is above "
            f"{rules['max_segment_ece']:g}",
        )
    if in_use is None:
        return Decision(True, f"first ensemble: exact segments {new.exact_segments:.3f}")
    change = new.exact_segments - in_use.exact_segments
    said = f"exact segments {new.exact_segments:.3f} against {in_use.exact_segments:.3f}"
    if in_use.test_streams != new.test_streams:
        said += ", of other test streams"
    # Figures are means of many; a hair's breadth of floating point is no fall.
    if change < -rules["tolerance"] - 1e-9:
        return Decision(False, f"{said}: worse by more than {rules['tolerance']:g}")
    return Decision(True, f"{said}: not worse by more than {rules['tolerance']:g}")
