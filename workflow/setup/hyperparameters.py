"""Hyperparameters of the training jobs: defaults, what the input changes, and its check.

The container's own schemas say what may be set. A string that stands for a number is checked as the
number that it is.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

# What the jobs are sent unless the input says otherwise; all else is left to the container.
DEFAULTS: dict[str, dict[str, str]] = {
    "text": {},
    "image": {
        "epochs": "80",
        "batch_size": "10",
        "conv_block_length": "2",
        "cycle_length": "10",
        "depth": "5",
        "dropout": "0.5",
        "max_lr": "0.1",
        "min_lr": "0.0001",
        "start_filter": "4",
        "worker": "4",
    },
    "sequence": {},
}
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


@cache
def _rules(model: str) -> Mapping[str, Mapping[str, Any]]:
    """Name → what a value of its type must be."""
    file = Path(__file__).parent / "hyperparameters" / f"{model}.json"
    properties = json.loads(file.read_text("utf-8"))["properties"]
    return {name: rule["anyOf"][0] for name, rule in properties.items()}


def hyperparameter_problems(model: str, given: Mapping[str, Any]) -> Iterator[str]:
    rules = _rules(model)
    for name, value in given.items():
        place = f"{model}.HyperParameters.{name}"
        if name not in rules:
            close = difflib.get_close_matches(name, rules, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            yield f"{place}: unknown hyperparameter.{hint}"
        elif not Draft202012Validator(rules[name]).is_valid(_typed(value, rules[name])):
            yield f"{place}: must be {_in_words(rules[name])}. Got {json.dumps(value)}."


def _typed(value: Any, rule: Mapping[str, Any]) -> Any:
    """The value that a string stands for, plain or JSON-quoted; other values as they are."""
    if not isinstance(value, str):
        return value
    text = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    try:
        if rule.get("type") == "boolean":
            return _TRUTHS[text.lower()]
        if rule.get("type") in ("integer", "number"):
            return float(text)  # to a schema, 3.0 is an integer
    except (KeyError, ValueError):
        return value
    return text


def _in_words(rule: Mapping[str, Any]) -> str:
    if "enum" in rule or "const" in rule:
        return "one of " + ", ".join(rule.get("enum", [rule.get("const")]))
    words = {"integer": "an integer", "number": "a number", "boolean": "true or false"}
    bounds = (
        ("minimum", "from"),
        ("exclusiveMinimum", "above"),
        ("maximum", "to"),
        ("exclusiveMaximum", "below"),
    )
    parts = [f"{word} {rule[key]:g}" for key, word in bounds if key in rule]
    return " ".join([words.get(str(rule.get("type")), "a string"), *parts])


def merged(model: str, given: Mapping[str, Any]) -> dict[str, str]:
    """All strings, as SageMaker takes them, with the program that the job runs."""
    changed = {name: _as_string(value) for name, value in given.items()}
    return {**DEFAULTS[model], **changed, "sagemaker_program": f"train_{model}.py"}


def _as_string(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
