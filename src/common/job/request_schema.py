"""JSON Schemas of hyperparameters as SageMaker is sent them: strings, and a few of its own.

Each property is its type with its range, or a string that may stand for a value of that type.
"""

from __future__ import annotations

import re
from typing import Any

from common.job.hyperparameters import RESERVED, Hyperparameters

_TEXTS = {
    "integer": r"[+-]?[0-9]+(\.0+)?",
    "number": r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?",
    "boolean": "[Tt]rue|TRUE|[Ff]alse|FALSE|0|1",
}
_ABOUT_ITSELF = ("title", "description", "default")


def request_schema(table: type[Hyperparameters]) -> dict[str, Any]:
    """The schema of a table, made to accept what a request may hold."""
    schema = table.model_json_schema()
    properties = {name: _or_string(rule) for name, rule in schema["properties"].items()}
    reserved = {f"^{prefix}": {"description": "SageMaker's own; ignored"} for prefix in RESERVED}
    return {**schema, "properties": properties, "patternProperties": reserved}


def _or_string(rule: dict[str, Any]) -> dict[str, Any]:
    about = {key: rule[key] for key in _ABOUT_ITSELF if key in rule}
    typed = {key: value for key, value in rule.items() if key not in about}
    string = {
        "description": "the same as a string, plain or JSON-quoted; the job checks its range",
        "type": "string",
        "pattern": _pattern(rule),
    }
    return {**about, "anyOf": [typed, string]}


def _pattern(rule: dict[str, Any]) -> str:
    choices = rule.get("enum", [rule["const"]] if "const" in rule else None)
    text = "|".join(map(re.escape, choices)) if choices else _TEXTS[rule["type"]]
    return f'^(({text})|"({text})")$'
