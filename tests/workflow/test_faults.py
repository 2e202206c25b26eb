"""The definition in the interpreter, with a fault in each task in turn."""

import pytest
from tests.workflow.faults import (
    FAULTS,
    FOR_EVER,
    RUBBISH,
    SERVICE_ERRORS,
    STARVED,
    STOPPED,
    TIME_OUT,
    TWICE,
    WAITED,
    definition,
    run,
    state_of,
)
from workflow.checks.simulation import CONTEXT
from workflow.checks.ways import CAPACITY, FAILURE, STORY, SUMMARY, TRAININGS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("state", "kind"), FAULTS)
def test_every_fault_ends_as_it_should(state, kind):
    execution, tasks = run(state, kind)
    story = list(STORY)
    if kind in (TWICE, WAITED):
        assert execution.status == "SUCCEEDED"
        assert tasks.calls == {**dict.fromkeys(story, 1), state: 3}
        assert tasks.failures == []
        assert len(set(tasks.names)) == len(tasks.names)  # a retry's job has a name of its own
        return
    assert execution.status == "FAILED"
    assert len(tasks.failures) == 1
    message = tasks.failures[0]["Message"]
    place = "Base Model Training" if state in TRAININGS.values() else state
    assert (message["state"], message["error"], message["cause"]) == (
        place,
        execution.error,
        execution.cause,
    )
    assert message["execution"] == CONTEXT["Execution"]["Id"]
    assert message["summary"]["place"].endswith("/summary.md")
    assert tasks.calls[SUMMARY] == 1
    attempts = 1
    if kind == FOR_EVER:
        action = STORY[state].rpartition(":::")[2]
        assert execution.error == SERVICE_ERRORS[action]
        retriers = state_of(definition(), state)["Retry"]
        attempts += next(r["MaxAttempts"] for r in retriers if execution.error in r["ErrorEquals"])
    if kind == STARVED:
        assert (execution.error, execution.cause) == (CAPACITY.error, CAPACITY.cause)
        attempts += 40
    assert tasks.calls[state] == attempts
    if kind == TIME_OUT:
        assert execution.error == "States.Timeout"
        assert tasks.cancelled.is_set()
    later = set(story[story.index(state) + 1 :]) - set(TRAININGS.values())
    assert not later & set(tasks.calls)


@pytest.mark.parametrize(
    ("state", "broken"),
    [
        *((state, FAILURE) for state in STORY),
        *((state, SUMMARY) for state in ("Setup", "Train Image Model", "Notify Success")),
    ],
)
def test_what_fails_besides_does_not_hide_the_first_cause(state, broken):
    execution, tasks = run(state, FOR_EVER, broken=broken)
    assert execution.status == "FAILED"
    assert execution.error == SERVICE_ERRORS[STORY[state].rpartition(":::")[2]]
    assert execution.cause == "throttled"
    assert tasks.calls[SUMMARY] == tasks.calls[FAILURE] == 1  # what is not there is tried once
    if broken == SUMMARY:
        message = tasks.failures[0]["Message"]
        assert (message["error"], message["cause"]) == (execution.error, execution.cause)
        assert message["summary"]["Error"] == "Broken"


@pytest.mark.parametrize(("model", "state"), TRAININGS.items())
def test_a_model_that_is_skipped_is_not_trained(model, state):
    execution, tasks = run("", "", given="sequence_alone")
    assert execution.status == "SUCCEEDED"
    assert state not in tasks.calls
    assert f"/models/{model}/job-1/" in execution.output["base_models"][model]


def test_a_job_that_stopped_says_so_to_people():
    execution, tasks = run("Train Image Model", STOPPED)
    assert execution.error == "TrainingIncomplete"
    assert "stopped" in tasks.failures[0]["Message"]["cause"]


def test_when_one_base_model_fails_nobody_waits_for_the_other():
    execution, _ = run("Train Text Model", RUBBISH)
    assert execution.status == "FAILED"
    assert execution.error == "TrainingIncomplete"
