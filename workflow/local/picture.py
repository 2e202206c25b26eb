"""A picture of a definition, in Mermaid: the states that an execution took, coloured by outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_COLOURS = {
    "succeeded": "fill:#d5f0d8,stroke:#2a7d37,color:#123",
    "failed": "fill:#f8d4d0,stroke:#b3261e,color:#123",
    "running": "fill:#fff1c9,stroke:#a77b00,color:#123",
    "not reached": "fill:#f4f4f4,stroke:#bbb,color:#888",
}
_SHAPES = {"Choice": "{{{}}}", "Pass": "([{}])", "Fail": "(({}))"}


def mermaid(definition: Mapping[str, Any], outcomes: Mapping[str, str]) -> str:
    """The text of a flowchart; states that `outcomes` lacks were not reached."""
    lines = ["flowchart TD", *_machine(definition, outcomes)]
    names = {outcome: outcome.replace(" ", "_") for outcome in _COLOURS}
    lines += [f"  classDef {names[outcome]} {style}" for outcome, style in _COLOURS.items()]
    return "\n".join(lines) + "\n"


def _machine(machine: Mapping[str, Any], outcomes: Mapping[str, str]) -> Iterator[str]:
    for name, state in machine["States"].items():
        branches = state.get("Branches", ())
        if branches:
            yield f'  subgraph {_id(name)}["{name}"]'
            for branch in branches:
                yield from _machine(branch, outcomes)
            yield "  end"
        else:
            shape = _SHAPES.get(state["Type"], "[{}]").format(f'"{name}"')
            yield f"  {_id(name)}{shape}"
        outcome = outcomes.get(name, "not reached")
        yield f"  class {_id(name)} {outcome.replace(' ', '_')}"
        yield from _arrows(name, state, outcomes)


def _arrows(name: str, state: Mapping[str, Any], outcomes: Mapping[str, str]) -> Iterator[str]:
    targets = [("-->", part["Next"]) for part in state.get("Choices", ())]
    targets += [("-->", state[field]) for field in ("Next", "Default") if field in state]
    targets += [("-.->", catcher["Next"]) for catcher in state.get("Catch", ())]
    for arrow, target in targets:
        taken = name in outcomes and target in outcomes
        yield f"  {_id(name)} {'==>' if taken and arrow == '-->' else arrow} {_id(target)}"


def _id(name: str) -> str:
    return "".join(word.strip("?").capitalize() for word in name.split())
