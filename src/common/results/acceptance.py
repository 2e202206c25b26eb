"""What may pass without a person, as the ensemble keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter

from common.results.novelty import KnownPages
from common.results.threshold import Threshold


@dataclass(frozen=True)
class Acceptance:
    """From which confidence segments are accepted, and what pages of known classes look like."""

    threshold: Threshold
    known_pages: KnownPages

    def as_dict(self) -> dict[str, Any]:
        """What decision.json holds."""
        return asdict(self)


def acceptance_of(content: Mapping[str, Any]) -> Acceptance:
    """What `as_dict` gave."""
    return TypeAdapter(Acceptance).validate_python(content)
