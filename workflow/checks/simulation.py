"""Walks through a definition with made-up results of its tasks.

Stricter than Step Functions: whatever a catch would not see there, a path that is not there among
it, ends the walk with `Unresolved`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .data import Unresolved, chosen, fill, look_up, put

_LONGEST = 300  # states of one walk
CONTEXT = {
    "Execution": {
        "Id": "arn:aws:states:eu-central-1:123456789012:execution:training:check",
        "Name": "check",
        "StartTime": "2026-03-01T18:15:00.123Z",
    }
}


class Failure(Exception):
    """What a task, a branch or the whole execution ends with."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error, self.cause = error, cause


Task = Callable[[str, str, dict[str, Any]], Any]  # (state, resource, parameters) → result


@dataclass
class Walk:
    """One way through a definition: `failure` is what it failed with, if it did."""

    visited: list[str] = field(default_factory=list)
    failure: Failure | None = None
    output: Any = None


def walk(definition: Mapping[str, Any], given: Any, task: Task) -> Walk:
    """Go through a definition from its start.

    Raises:
        Unresolved: the way leads to a state that is not there, or reads what no state has written.
    """
    found = Walk()
    try:
        found.output = _machine(definition, given, task, found)
    except Failure as failure:
        found.failure = failure
    return found


def _machine(machine: Mapping[str, Any], data: Any, task: Task, found: Walk) -> Any:
    name: str | None = machine["StartAt"]
    while name is not None:
        if name not in machine["States"]:
            raise Unresolved(f"there is no state '{name}' here")
        if len(found.visited) == _LONGEST:
            raise Unresolved("the way never ends")
        found.visited.append(name)
        try:
            data, name = _step(name, machine["States"][name], data, task, found)
        except Unresolved as error:
            raise Unresolved(f"state '{name}': {error}") from None
    return data


def _step(
    name: str, state: Mapping[str, Any], data: Any, task: Task, found: Walk
) -> tuple[Any, str | None]:
    """The state's output, and the state that follows."""
    kind = state.get("Type")
    if kind == "Choice":
        following = chosen(state, data)
        if following is None:
            raise Unresolved("no choice holds")
        return data, following
    if kind == "Fail":
        raise Failure(_said(state, "Error", data), _said(state, "Cause", data))
    try:
        result = _result(name, state, data, task, found)
    except Failure as failure:
        return _caught(state, data, failure)
    if "ResultSelector" in state:
        result = fill(state["ResultSelector"], result, CONTEXT)
    output = put(state.get("ResultPath", "$"), data, result)
    if "OutputPath" in state:
        output = look_up(state["OutputPath"], output)
    return output, None if state.get("End") else state["Next"]


def _said(state: Mapping[str, Any], what: str, data: Any) -> str:
    path = state.get(f"{what}Path")
    return look_up(path, data) if path else state.get(what, "")


def _result(name: str, state: Mapping[str, Any], data: Any, task: Task, found: Walk) -> Any:
    given = fill(state["Parameters"], data, CONTEXT) if "Parameters" in state else data
    if state["Type"] == "Pass":
        return state.get("Result", given)
    if state["Type"] == "Wait":
        return given
    if state["Type"] == "Parallel":
        return [_machine(branch, given, task, found) for branch in state["Branches"]]
    if state["Type"] == "Task":
        return task(name, state["Resource"], given)
    raise Unresolved(f"no type of state that is understood here: {state['Type']}")


def _caught(state: Mapping[str, Any], data: Any, failure: Failure) -> tuple[Any, str]:
    for catcher in state.get("Catch", ()):
        if {failure.error, "States.ALL"} & set(catcher["ErrorEquals"]):
            told = {"Error": failure.error, "Cause": failure.cause}
            return put(catcher.get("ResultPath", "$"), data, told), catcher["Next"]
    raise failure
