"""The interpreter and the bridge to it, on small definitions."""

import threading
import time

import pytest
from workflow.local.machine import TaskFailed, execute

CONTEXT = {"Execution": {"Id": "arn:…:one", "Name": "one"}}
SERVICE = "arn:aws:states:::batch:submitJob.sync"


def machine(**states):
    named = {name.replace("_", " "): state for name, state in states.items()}
    return {"StartAt": next(iter(named)), "States": named}


def task(**fields):
    return {"Type": "Task", "Resource": SERVICE, "TimeoutSeconds": 60, **fields}


def test_a_task_gets_its_parameters_and_gives_its_result():
    seen = []

    def handle(call):
        seen.append((call.state, call.resource, call.parameters))
        return {"ä": [1, None]}

    definition = machine(
        Work=task(Parameters={"id.$": "$$.Execution.Id", "a.$": "$.a"}, ResultPath="$.r", End=True)
    )
    execution = execute(definition, {"a": "ü"}, CONTEXT, handle)
    assert execution.status == "SUCCEEDED"
    assert execution.output == {"a": "ü", "r": {"ä": [1, None]}}
    assert seen == [("Work", SERVICE, {"id": "arn:…:one", "a": "ü"})]
    assert [e.kind for e in execution.events if e.state == "Work"] == [
        "StateEntered",
        "StateExited",
    ]


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (TaskFailed("Batch.ClientException", "no queue"), "Batch.ClientException"),
        (OSError("x"), "OSError"),
    ],
)
def test_a_task_that_raises_fails_by_name(raised, error):
    def handle(call):
        raise raised

    execution = execute(machine(Work=task(End=True)), {}, CONTEXT, handle)
    assert (execution.status, execution.error) == ("FAILED", error)
    assert execution.cause in ("no queue", "x")


def test_retries_wait_as_the_definition_says_unless_told_otherwise():
    retrier = {
        "ErrorEquals": ["Busy"],
        "IntervalSeconds": 3600,
        "BackoffRate": 1.1,
        "MaxAttempts": 2,
    }
    calls = []

    def handle(call):
        calls.append(call)
        raise TaskFailed("Busy", "later")

    execution = execute(machine(Work=task(Retry=[retrier], End=True)), {}, CONTEXT, handle, pause=1)
    assert (execution.status, execution.error, len(calls)) == ("FAILED", "Busy", 3)


def test_a_branch_whose_sibling_fails_is_cancelled():
    cancelled = threading.Event()

    def handle(call):
        if call.state == "Fail":
            time.sleep(0.3)
            raise TaskFailed("Broken", "one")
        if call.state == "After":
            return {}
        if call.cancelled.wait(30):
            cancelled.set()
        return {}

    branches = [machine(Slow=task(End=True)), machine(Fail=task(End=True))]
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "After"}]
    definition = machine(
        Both={"Type": "Parallel", "Branches": branches, "Catch": catch, "Next": "After"},
        After=task(End=True),
    )
    execution = execute(definition, {}, CONTEXT, handle)
    assert execution.status == "SUCCEEDED"
    assert cancelled.is_set()


@pytest.mark.parametrize(
    "definition",
    [
        machine(Work=task(Next="Nowhere")),
        machine(Work={"Type": "Tsk", "End": True}),
        {"States": {}},
    ],
)
def test_what_asl_validator_refuses_does_not_run(definition):
    def handle(call):
        raise AssertionError("nothing is to be called")

    execution = execute(definition, {}, CONTEXT, handle)
    assert execution.status == "INVALID"
    assert "invalid" in execution.cause
