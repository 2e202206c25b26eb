"""`${Name}` in the definition, as CloudFormation fills it in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any


def substituted(definition: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The definition as deployed; a name without a value raises KeyError."""
    text = json.dumps(definition)
    return json.loads(
        re.sub(r"\$\{(\w+)\}", lambda found: json.dumps(values[found[1]])[1:-1], text)
    )
