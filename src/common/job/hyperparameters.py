"""Hyperparameters: declared once, from which parsing, `--help`, the docs and a schema follow.

SageMaker sends strings only. Step Functions sends plain ones, the Python SDK JSON-quoted ones:
both `0.5` and `"0.5"` are a half.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.job.errors import refuse

# What SageMaker itself puts among a job's hyperparameters.
RESERVED = ("sagemaker_", "_tuning_objective_metric")


class Conflict(NamedTuple):
    """Values that are good each by itself and cannot be together."""

    fields: tuple[str, ...]
    problem: str


class Hyperparameters(BaseModel):
    """What every model's table has. A table is a subclass: a field a hyperparameter."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    seed: int = Field(
        default=1,
        ge=0,
        lt=2**31,
        description="makes a run repeatable: on CPU the same seed gives the same artifact",
    )

    def conflicts(self) -> Iterable[Conflict]:
        """What `parse` is to refuse beyond the rules of the single fields."""
        return ()


Table = TypeVar("Table", bound=Hyperparameters)


def parse(table: type[Table], values: Mapping[str, Any]) -> Table:
    """Check and convert what a job was given.

    Raises:
        ClientError: one message for everything that is wrong: unknown names, values that are not
            of the type or out of range, and combinations that cannot be.
    """
    given = {
        name: _unquoted(value) for name, value in values.items() if not name.startswith(RESERVED)
    }
    problems: list[str] = []
    wrong: set[str] = set()
    try:
        found = table(**given)
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems = [_problem(table, detail) for detail in details]
        wrong = {str(detail["loc"][0]) for detail in details}
        found = table(**{name: value for name, value in given.items() if name not in wrong})
    problems += [
        f"hyperparameters: {conflict.problem}."
        for conflict in found.conflicts()
        if wrong.isdisjoint(conflict.fields)
    ]
    refuse(problems, remedy="Correct the job's hyperparameters.")
    return found


def _unquoted(value: Any) -> Any:
    if isinstance(value, str) and value[:1] == value[-1:] == '"' and len(value) > 1:
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def _problem(table: type[Hyperparameters], detail: Any) -> str:
    name = str(detail["loc"][0])
    if detail["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name, table.model_fields, n=1)
        hint = f"Did you mean '{close[0]}'?" if close else "See --help for those there are."
        return f"hyperparameter '{name}' is unknown. {hint}"
    rule = valid_values(table, name)
    return f"hyperparameter '{name}' must be {rule}. Got {detail['input']!r:.80} instead."


def valid_values(table: type[Hyperparameters], name: str) -> str:
    """The rule of one hyperparameter in words: `an integer in the range [1, 1000]`."""
    schema = table.model_json_schema()["properties"][name]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    kinds = {"integer": "an integer", "number": "a number", "boolean": "true or false"}
    words = kinds.get(schema["type"], "a string")
    low = _bound(schema, ("minimum", "["), ("exclusiveMinimum", "("), default="(-inf")
    high = _bound(schema, ("maximum", "]"), ("exclusiveMaximum", ")"), default="inf)")
    return words if (low, high) == ("(-inf", "inf)") else f"{words} in the range {low}, {high}"


def _bound(schema: Mapping[str, Any], *keys: tuple[str, str], default: str) -> str:
    for key, bracket in keys:
        if key in schema:
            number = f"{schema[key]:.10g}"
            return bracket + number if bracket in "[(" else number + bracket
    return default
