"""All checks of a definition together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..substitution import substituted
from .form import form_problems
from .samples import DEPLOYMENT
from .ways import way_problems


def definition_problems(definition: Mapping[str, Any]) -> list[str]:
    """What is wrong with a definition; of one in bad form, no way is walked."""
    return form_problems(definition) or way_problems(substituted(definition, DEPLOYMENT))
