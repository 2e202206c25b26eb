"""Faults put into the tasks of a running workflow, and the table of what comes of them.

`python -m tests.workflow.faults` prints the table that docs/workflow.md shows.
"""

import copy
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from workflow.checks.samples import DEPLOYMENT, result_of, sample_inputs
from workflow.checks.simulation import CONTEXT
from workflow.checks.ways import CAPACITY, FAILURE, STORY
from workflow.local.__main__ import DEFINITION
from workflow.local.machine import TaskFailed, execute
from workflow.substitution import substituted

SERVICE_ERRORS = {
    "lambda:invoke": "Lambda.TooManyRequestsException",
    "batch:submitJob.sync": "Batch.AWSBatchException",
    "sagemaker:createTrainingJob.sync": "SageMaker.AmazonSageMakerException",
    "sagemaker:createModel": "SageMaker.AmazonSageMakerException",
    "sagemaker:createTransformJob.sync": "SageMaker.AmazonSageMakerException",
    "sns:publish": "SNS.AmazonSNSException",
}
TWICE, FOR_EVER, WAITED, STARVED, FAILED, STOPPED, EXCEPTION, RUBBISH, TIME_OUT = (
    "service error twice, then fine",
    "service error for ever",
    "no capacity twice, then fine",
    "no capacity for ever",
    "job failed",
    "job stopped",
    "function raises",
    "answer is rubbish",
    "time-out",
)


def kinds_for(resource):
    action = resource.rpartition(":::")[2]
    yield from (TWICE, FOR_EVER, TIME_OUT)
    if action.endswith(".sync"):
        yield FAILED
    if action.endswith(("TrainingJob.sync", "TransformJob.sync")):
        yield from (STOPPED, WAITED, STARVED)
    if action == "lambda:invoke":
        yield EXCEPTION
    if not action.startswith(("batch", "sns")):  # nothing is read of theirs
        yield RUBBISH


FAULTS = [(state, kind) for state, resource in STORY.items() for kind in kinds_for(resource)]


def definition():
    return substituted(json.loads(DEFINITION.read_text("utf-8")), DEPLOYMENT)


@dataclass
class Tasks:
    """Answers as samples do, but for the state that is in trouble."""

    state: str
    kind: str
    broken: str = ""  # a task of the way of failures that fails too
    calls: Counter = field(default_factory=Counter)
    failures: list = field(default_factory=list)  # messages of Notify Failure
    names: list = field(default_factory=list)  # of jobs and models
    cancelled: threading.Event = field(default_factory=threading.Event)

    def __call__(self, call):
        self.calls[call.state] += 1
        made = {"Create Model": "ModelName", "Score Test Streams": "TransformJobName"}
        name = call.parameters.get(made.get(call.state, "TrainingJobName"))
        self.names += [name] if name else []
        if call.state == self.broken:
            raise TaskFailed("Broken", "made to fail as well")
        if call.state == FAILURE:
            self.failures.append(call.parameters)
        if call.state == self.state:
            return self.troubled(call)
        return result_of(call.resource, call.parameters)

    def troubled(self, call):
        action = call.resource.rpartition(":::")[2]
        often = self.kind in (FOR_EVER, STARVED) or self.calls[call.state] <= 2
        if self.kind in (TWICE, FOR_EVER) and often:
            raise TaskFailed(SERVICE_ERRORS[action], "throttled")
        if self.kind in (WAITED, STARVED) and often:
            raise TaskFailed(CAPACITY.error, CAPACITY.cause)
        if self.kind == FAILED:
            raise TaskFailed("States.TaskFailed", '{"FailureReason": "ClientError: channel"}')
        if self.kind == EXCEPTION:
            raise TaskFailed("InvalidInput", '{"errorMessage": "data.s3_uri: missing."}')
        if self.kind == TIME_OUT:
            call.cancelled.wait(60)
            self.cancelled.set()
            raise TaskFailed("Late", "nobody waits for this")
        answer = result_of(call.resource, call.parameters)
        if self.kind == RUBBISH:
            return {"StatusCode": 200, "Payload": "rubbish"} if "Payload" in answer else {}
        if self.kind == STOPPED:
            status = next(name for name in answer if name.endswith("JobStatus"))
            return {**answer, status: "Stopped"}
        return answer


def run(state, kind, *, broken="", given="scans"):
    """(how the execution ended, its tasks)"""
    machine = definition()
    if kind == TIME_OUT:
        machine = copy.deepcopy(machine)
        state_of(machine, state)["TimeoutSeconds"] = 1
    tasks = Tasks(state, kind, broken)
    execution = execute(machine, sample_inputs()[given], CONTEXT, tasks, pause=1)
    return execution, tasks


def state_of(machine, name):
    if name in machine["States"]:
        return machine["States"][name]
    parallel = machine["States"]["Base Model Training"]
    return next(
        branch["States"][name] for branch in parallel["Branches"] if name in branch["States"]
    )


def row(state, kind):
    execution, tasks = run(state, kind)
    retries = tasks.calls[state] - 1
    told = tasks.calls[FAILURE]
    last = [event.state for event in execution.events if event.kind == "StateEntered"][-1]
    error = execution.error or ""
    return f"| {state} | {kind} | {retries} | {last} | {told} | {execution.status} | {error} |"


def table():
    head = [
        "| task | fault | retries | last state | failures told | execution | error |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    with ThreadPoolExecutor(2) as pool:
        return "\n".join([*head, *pool.map(lambda fault: row(*fault), FAULTS)])


if __name__ == "__main__":
    print(table())
