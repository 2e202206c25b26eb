"""Paths and payload templates of the States Language, as far as the definition uses them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_PATH = re.compile(r"\$\$?(?:\.[A-Za-z_]\w*|\[\d+\])*")
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]")
_CALL = re.compile(r"(States\.\w+)\((.*)\)", re.DOTALL)
_TOKEN = re.compile(r"'(?:\\.|[^'\\])*'|[(),]|[^'(),]+")


class Unresolved(Exception):
    """A path that leads nowhere, or a function that cannot be called so."""


def look_up(path: str, data: Any, context: Any = None) -> Any:
    """The value at a path: `$.a.b[0]`, or `$$.Execution.Id` of the context."""
    if not _PATH.fullmatch(path):
        raise Unresolved(f"'{path}' is not a path that is understood here")
    value = context if path.startswith("$$") else data
    for name, index in _STEP.findall(path):
        try:
            value = value[name] if name else value[int(index)]
        except (KeyError, IndexError, TypeError):
            raise Unresolved(f"'{path}' is not there") from None
    return value


def fill(template: Any, data: Any, context: Any) -> Any:
    """A payload template with its paths and functions replaced by their values."""
    if isinstance(template, list):
        return [fill(entry, data, context) for entry in template]
    if not isinstance(template, Mapping):
        return template
    return {
        name.removesuffix(".$"): _value(value, data, context)
        if name.endswith(".$")
        else fill(value, data, context)
        for name, value in template.items()
    }


def _value(expression: Any, data: Any, context: Any) -> Any:
    if not isinstance(expression, str):
        raise Unresolved(f"{expression!r} is not a path")
    call = _CALL.fullmatch(expression)
    if call is None:
        return look_up(expression, data, context)
    function, inside = call.groups()
    arguments = [_argument(text, data, context) for text in _arguments(inside)]
    try:
        return _FUNCTIONS[function](*arguments)
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
        raise Unresolved(f"'{expression}' cannot be computed ({error})") from None


def _arguments(inside: str) -> list[str]:
    parts, depth = [""], 0
    for token in _TOKEN.findall(inside):
        depth += (token == "(") - (token == ")")
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts if part.strip()]


def _argument(text: str, data: Any, context: Any) -> Any:
    if text.startswith("'"):
        return text[1:-1]
    return int(text) if text.lstrip("-").isdigit() else _value(text, data, context)


def _format(template: str, *values: Any) -> str:
    if template.count("{}") != len(values):
        raise ValueError(f"{template.count('{}')} places for {len(values)} values")
    if not all(isinstance(value, str | int | float) for value in values):
        raise ValueError("a value is no text")
    for value in values:
        template = template.replace("{}", str(value), 1)
    return template


def _split(text: str, separators: str) -> list[str]:
    return [part for part in re.split(f"[{re.escape(separators)}]", text) if part]


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "States.Format": _format,
    "States.UUID": lambda: str(uuid.UUID(int=0)),  # the same each time: a check must be repeatable
    "States.StringSplit": _split,
    "States.MathAdd": lambda value, other: value + other,
    "States.ArrayGetItem": lambda array, index: array[index],
}


def put(path: str | None, data: Any, value: Any) -> Any:
    """`data` with a value at a ResultPath; None throws the value away."""
    if path is None:
        return data
    return _with(data, path.removeprefix("$").split(".")[1:], value)


def _with(data: Any, names: Sequence[str], value: Any) -> Any:
    if not names:
        return value
    if not isinstance(data, dict):
        raise Unresolved(f"'{names[0]}' cannot be set in what is no object")
    return {**data, names[0]: _with(data.get(names[0], {}), names[1:], value)}


def chosen(state: Mapping[str, Any], data: Any) -> str | None:
    """Where a Choice leads; None if nowhere."""
    for choice in state["Choices"]:
        if _holds(choice, data):
            return choice.get("Next")
    return state.get("Default")


def _holds(rule: Mapping[str, Any], data: Any) -> bool:
    if "And" in rule:
        return all(_holds(part, data) for part in rule["And"])
    if "IsPresent" in rule:
        return _is_present(rule["Variable"], data) == rule["IsPresent"]
    value = look_up(rule["Variable"], data)
    if "BooleanEquals" in rule:
        return value is rule["BooleanEquals"]
    if "StringEquals" in rule:
        return value == rule["StringEquals"]
    if "StringMatches" in rule:
        parts = (re.escape(part) for part in rule["StringMatches"].split("*"))
        return isinstance(value, str) and bool(re.fullmatch(".*".join(parts), value, re.DOTALL))
    if "NumericLessThan" in rule:
        return isinstance(value, int) and value < rule["NumericLessThan"]
    raise Unresolved(f"no comparison that is understood here: {sorted(rule)}")


def _is_present(path: str, data: Any) -> bool:
    if not _PATH.fullmatch(path):
        raise Unresolved(f"'{path}' is not a path that is understood here")
    try:
        look_up(path, data)
    except Unresolved:
        return False
    return True
