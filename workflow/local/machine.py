"""Executions of a definition by aws-local-stepfunctions, whose tasks are functions of Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NODE_MODULES = ROOT / ".workflow" / "node_modules"
_BRIDGE = Path(__file__).parent / "bridge.mjs"
_TASKS_AT_ONCE = 8


class TaskFailed(Exception):
    """A task ends with an error that Retry and Catch can name, and its cause."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error, self.cause = error, cause


@dataclass(frozen=True)
class Event:
    """Something that happened to a state: `kind` is StateEntered, StateRetried and so on."""

    kind: str
    state: str | None
    error: str | None
    seconds: float  # of Unix time


@dataclass(frozen=True)
class Call:
    """A task that is asked for. `cancelled` is set when nobody waits for its answer any more."""

    state: str
    resource: str
    parameters: dict[str, Any]
    cancelled: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Execution:
    """How an execution ended: SUCCEEDED, FAILED, or INVALID where the definition is."""

    status: str
    output: Any
    error: str | None
    cause: str | None
    events: tuple[Event, ...]


Handler = Callable[[Call], Any]


def execute(
    definition: Mapping[str, Any],
    given: Any,
    context: Mapping[str, Any],
    handle: Handler,
    *,
    watch: Callable[[Event], None] = lambda event: None,
    pause: float | None = None,
) -> Execution:
    """Run an execution to its end.

    Args:
        context: the context object, of which `Execution` is used.
        handle: answers each call, in a thread of its own; raises TaskFailed where the task fails.
        watch: hears of every event.
        pause: milliseconds before every other attempt, and of every Wait; None for what the
            definition says.

    Raises:
        RuntimeError: there is no Node, or the interpreter is not installed.
    """
    environment = {**os.environ, "WORKFLOW_NODE_MODULES": str(NODE_MODULES)}
    with (
        subprocess.Popen(
            [_node(), str(_BRIDGE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        ) as bridge,
        ThreadPoolExecutor(_TASKS_AT_ONCE) as pool,
    ):
        conversation = _Conversation(bridge, pool, handle, watch)
        start = {"definition": definition, "input": given, "context": context, "pause": pause}
        return conversation.lead(start)


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        raise RuntimeError("There is no node here: install Node.js 20 or newer.")
    if not (NODE_MODULES / "aws-local-stepfunctions").is_dir():
        raise RuntimeError("The interpreter is not installed: make .workflow does it.")
    return node


class _Conversation:
    """With the bridge: its lines in order, our answers in any."""

    def __init__(
        self,
        bridge: subprocess.Popen[str],
        pool: ThreadPoolExecutor,
        handle: Handler,
        watch: Callable[[Event], None],
    ) -> None:
        self._bridge, self._pool, self._handle, self._watch = bridge, pool, handle, watch
        self._calls: dict[int, Call] = {}
        self._sending = threading.Lock()
        self._events: list[Event] = []

    def lead(self, start: Mapping[str, Any]) -> Execution:
        self._send(start)
        try:
            for line in self._bridge.stdout or ():
                message = json.loads(line)
                if "status" in message:
                    return self._ended(message)
                self._heard(message)
        finally:
            for call in self._calls.values():
                call.cancelled.set()
        raise RuntimeError("The interpreter ended without a result; its message is above.")

    def _ended(self, message: Mapping[str, Any]) -> Execution:
        output, error, cause = (message.get(name) for name in ("output", "error", "cause"))
        return Execution(message["status"], output, error, cause, tuple(self._events))

    def _heard(self, message: Mapping[str, Any]) -> None:
        if "event" in message:
            event = Event(
                message["event"], message.get("state"), message.get("error"), message["at"] / 1000
            )
            self._events.append(event)
            self._watch(event)
        elif "cancel" in message:
            self._calls[message["cancel"]].cancelled.set()
        else:
            call = Call(message["state"], message["resource"], message["parameters"])
            self._calls[message["call"]] = call
            self._pool.submit(self._answer, message["call"], call)

    def _answer(self, number: int, call: Call) -> None:
        try:
            self._send({"call": number, "result": self._handle(call)})
        except TaskFailed as failure:
            self._send({"call": number, "error": failure.error, "cause": failure.cause})
        except Exception as error:
            name = type(error).__name__
            self._send({"call": number, "error": name, "cause": str(error) or name})

    def _send(self, message: Mapping[str, Any]) -> None:
        with self._sending:
            try:
                self._bridge.stdin.write(json.dumps(message) + "\n")  # type: ignore[union-attr]
                self._bridge.stdin.flush()  # type: ignore[union-attr]
            except (BrokenPipeError, ValueError):
                pass  # nobody waits for this answer any more
