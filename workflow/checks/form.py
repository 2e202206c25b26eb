"""The form of a definition: fields, transitions, retries, catches, references to the deployment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .samples import DEPLOYMENT
from .services import OPERATIONS, TRANSIENT

_FOLLOWED = {"Next", "End"}
_COMMON = {"Type", "Comment"}
_FLOW = {"InputPath", "OutputPath", "Parameters", "ResultPath"}
FIELDS = {
    "Task": _COMMON
    | _FLOW
    | _FOLLOWED
    | {"Resource", "ResultSelector", "Retry", "Catch", "TimeoutSeconds"},
    "Parallel": _COMMON | _FLOW | _FOLLOWED | {"Branches", "ResultSelector", "Retry", "Catch"},
    "Pass": _COMMON | _FLOW | _FOLLOWED | {"Result"},
    "Choice": _COMMON | {"Choices", "Default", "InputPath", "OutputPath"},
    "Wait": _COMMON | _FOLLOWED | {"Seconds"},
    "Succeed": _COMMON | {"InputPath", "OutputPath"},
    "Fail": _COMMON | {"Error", "Cause", "ErrorPath", "CausePath"},
}
_MACHINE = {"Comment", "StartAt", "States"}
_RETRY = {"ErrorEquals", "IntervalSeconds", "BackoffRate", "MaxDelaySeconds", "MaxAttempts"}
_TALK = (1, 1.1)  # seconds before the first other attempt, and by what each wait grows
_LONGEST_DELAY = 900
_CAPACITY = "SageMaker.ResourceLimitExceededException"


def form_problems(definition: Mapping[str, Any]) -> list[str]:
    """Everything that can be seen without walking through the definition."""
    problems = [f"unknown field '{name}'" for name in sorted(set(definition) - _MACHINE)]
    problems += _of_machine(definition)
    used = set(re.findall(r"\$\{(\w+)\}", json.dumps(definition)))
    problems += [f"the template has no '${{{name}}}'" for name in sorted(used - set(DEPLOYMENT))]
    problems += [f"'${{{name}}}' is not used" for name in sorted(set(DEPLOYMENT) - used)]
    return problems


def _of_machine(machine: Mapping[str, Any]) -> Iterator[str]:
    states = machine.get("States", {})
    if machine.get("StartAt") not in states:
        yield f"StartAt names no state: '{machine.get('StartAt')}'"
    for name, state in states.items():
        for problem in _of_state(state, states):
            yield f"state '{name}': {problem}"
        if state.get("Type") == "Parallel":
            for branch in state.get("Branches", ()):
                yield from _of_machine(branch)


def _of_state(state: Mapping[str, Any], states: Mapping[str, Any]) -> Iterator[str]:
    kind = state.get("Type")
    if kind not in FIELDS:
        yield f"there is no type '{kind}'"
        return
    for name in sorted(set(state) - FIELDS[kind]):
        yield f"unknown field '{name}' of a {kind}"
    if FIELDS[kind] >= _FOLLOWED and ("Next" in state) == (state.get("End") is True):
        yield "needs either a Next or an End"
    for target in _targets(state):
        if target not in states:
            yield f"leads to '{target}', which is no state here"
    for place in ("Parameters", "ResultSelector", "Result"):
        yield from _unmarked(state.get(place), place)
    yield from _of_kind(kind, state)


def _of_kind(kind: str, state: Mapping[str, Any]) -> Iterator[str]:
    if kind == "Task":
        yield from _of_task(state)
    if kind in ("Task", "Parallel"):
        yield from _of_catches(state)
    if kind == "Choice" and "Default" not in state:
        yield "has no Default"
    if kind == "Wait":
        if not state.get("Comment"):
            yield "waits, and does not say for what"
        if not 60 <= state.get("Seconds", 0) <= _LONGEST_DELAY:
            yield f"must wait from 60 to {_LONGEST_DELAY} Seconds"


def _targets(state: Mapping[str, Any]) -> Iterator[str]:
    for name in ("Next", "Default"):
        if name in state:
            yield state[name]
    for part in (*state.get("Catch", ()), *state.get("Choices", ())):
        yield part.get("Next", "nowhere")


def _unmarked(value: Any, place: str) -> Iterator[str]:
    """Paths and functions that would be sent as they stand, for want of `.$`; and the reverse."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            marked = name.endswith(".$")
            if isinstance(inner, str):
                looks = inner.startswith(("$.", "$$.", "$[", "States.")) or inner == "$"
                if looks != marked:
                    yield f"{place}.{name}: '{inner}' {'wants' if looks else 'does not fit'} '.$'"
            yield from _unmarked(inner, f"{place}.{name}")
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _unmarked(inner, f"{place}[{number}]")


def _of_task(state: Mapping[str, Any]) -> Iterator[str]:
    resource = state.get("Resource")
    if resource not in OPERATIONS:
        yield f"there is no resource '{resource}'"
        return
    # aws-local-stepfunctions takes 60 s where there is none, and looks for a path among parameters.
    if not isinstance(state.get("TimeoutSeconds"), int):
        yield "needs TimeoutSeconds"
    retried: list[str] = []
    for retrier in state.get("Retry", ()):
        yield from _of_retrier(retrier)
        retried += retrier.get("ErrorEquals", ())
    wanted = TRANSIENT[OPERATIONS[resource][0]]
    for name in sorted(wanted - set(retried)):
        yield f"is not tried again after {name}"
    for name in sorted(set(retried) - wanted):
        yield f"is tried again after {name}, which is no passing trouble of this service"


def _of_retrier(retrier: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(set(retrier) ^ _RETRY):
        yield f"a Retry lacks '{name}'" if name in _RETRY else f"a Retry has '{name}'"
        return
    names = retrier["ErrorEquals"]
    pace = (retrier["IntervalSeconds"], retrier["BackoffRate"])
    delay, attempts = retrier["MaxDelaySeconds"], retrier["MaxAttempts"]
    if _CAPACITY in names:
        if names != [_CAPACITY] or not (pace[0] >= 30 and pace[1] > 1 and attempts >= 20):
            yield f"a Retry of {_CAPACITY} is not patient enough, or not for it alone"
    elif pace != _TALK:
        yield f"a Retry starts at {pace[0]} s and grows by {pace[1]}, not as the others do"
    if not pace[0] < delay <= _LONGEST_DELAY:
        yield f"a Retry's MaxDelaySeconds must lie above {pace[0]}, to {_LONGEST_DELAY}"
    if not 10 <= attempts <= 100:
        yield f"a Retry has {attempts} attempts; it must have 10 to 100"


def _of_catches(state: Mapping[str, Any]) -> Iterator[str]:
    for place, catcher in enumerate(state.get("Catch", ()), start=1):
        for name in sorted(set(catcher) - {"ErrorEquals", "ResultPath", "Next"}):
            yield f"a Catch has '{name}'"
        errors = catcher.get("ErrorEquals", ())
        if "States.ALL" in errors and (place != len(state["Catch"]) or len(errors) != 1):
            yield "States.ALL must be the last Catch, and alone in it"
