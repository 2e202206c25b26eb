"""The ways that executions may take: all goes well, or one task fails, stops or answers rubbish."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .data import Unresolved
from .samples import result_of, sample_inputs
from .services import OPERATIONS, parameter_problems
from .simulation import CONTEXT, Failure, Walk, walk

TRAININGS = {"text": "Train Text Model", "image": "Train Image Model"}
CONVERSION = "Convert Files"
PARALLEL = "Base Model Training"
SUCCESS, SUMMARY, FAILURE = "Notify Success", "Summarise Failure", "Notify Failure"
SUBJECTS = {SUCCESS: "Model Training succeeded", FAILURE: "[ERROR] Model Training failed!"}
_SAGEMAKER = "arn:aws:states:::sagemaker:create"
# The tasks in their order, with what each of them calls.
STORY = {
    "Setup": "arn:aws:states:::lambda:invoke",
    CONVERSION: "arn:aws:states:::batch:submitJob.sync",
    "Fetch Prepared Data": "arn:aws:states:::batch:submitJob.sync",
    "Train Text Model": f"{_SAGEMAKER}TrainingJob.sync",
    "Train Image Model": f"{_SAGEMAKER}TrainingJob.sync",
    "Train Sequence Model": f"{_SAGEMAKER}TrainingJob.sync",
    "Create Model": f"{_SAGEMAKER}Model",
    "Score Test Streams": f"{_SAGEMAKER}TransformJob.sync",
    "Measure Test Streams": "arn:aws:states:::batch:submitJob.sync",
    "Gate": "arn:aws:states:::lambda:invoke",
    SUCCESS: "arn:aws:states:::sns:publish",
}
# What is read of a task's answer, which may then not be there.
_ANSWERING = ("lambda:invoke", "TrainingJob.sync", "createModel", "TransformJob.sync")
# A job that was accepted, and then found no instances: this is all that Step Functions tells of it.
CAPACITY = Failure(
    "States.TaskFailed",
    '{"TrainingJobStatus":"Failed","FailureReason":"CapacityError: Unable to provision capacity."}',
)
_PATIENCE = 40  # times that a job waits for instances
_WAITS, _STARVES = "waits", "starves"
_WAITS_FOR = 2
_STATUS = ("TrainingJobStatus", "TransformJobStatus")


@dataclass
class _Tasks:
    """Answers tasks, and remembers which were called with what.

    `trouble` is the task that does not answer as it should, and how: `fails`, `stops`, `rubbish`,
    `waits` twice for instances, `starves` for want of them.
    `broken` is a task of the way after it that fails too.
    """

    trouble: tuple[str, str] = ("", "")
    broken: str = ""
    called: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, state: str, resource: str, parameters: dict[str, Any]) -> Any:
        self.called.append((state, resource, parameters))
        if state == self.trouble[0]:
            return self._troubled(resource, parameters)
        if state == self.broken:
            raise Failure("Broken", "made to fail as well")
        return result_of(resource, parameters)

    def _troubled(self, resource: str, parameters: dict[str, Any]) -> Any:
        how = self.trouble[1]
        if how == "fails":
            raise Failure("Injected", f"made to fail: {self.trouble[0]}")
        if how == _STARVES or (how == _WAITS and len(self.named(self.trouble[0])) <= _WAITS_FOR):
            raise CAPACITY
        answer = result_of(resource, parameters)
        if how == _WAITS:
            return answer
        if how == "stops":
            return {**answer, **{name: "Stopped" for name in _STATUS if name in answer}}
        return {"StatusCode": 200, "Payload": "rubbish"} if "Payload" in answer else {}

    def named(self, *names: str) -> list[dict[str, Any]]:
        return [parameters for state, _, parameters in self.called if state in names]


def way_problems(definition: Mapping[str, Any]) -> list[str]:
    """What is wrong on any way, each problem once."""
    problems: dict[str, None] = {}
    visited: set[str] = set()
    tried: set[tuple[str, str]] = set()
    for name, given in sample_inputs().items():
        tasks = _Tasks()
        found = _walked(definition, given, tasks, problems, f"input '{name}'")
        if found is None:
            continue
        visited |= set(found.visited)
        problems.update(dict.fromkeys(_success_problems(given, found, tasks)))
        for trouble, broken in _trials(tasks, tried):
            again = _Tasks(trouble, broken)
            where = f"input '{name}', '{trouble[0]}' {trouble[1]}"
            where += f", '{broken}' fails" if broken else ""
            led = _walked(definition, given, again, problems, where)
            if led is not None:
                visited |= set(led.visited)
                told = _trouble_problems(led, again, tasks)
                problems.update(dict.fromkeys(f"{where}: {problem}" for problem in told))
    unseen = sorted(_names(definition) - visited)
    problems.update(dict.fromkeys(f"state '{name}' is never reached" for name in unseen))
    return list(problems)


def _names(machine: Mapping[str, Any]) -> set[str]:
    found = set(machine["States"])
    for state in machine["States"].values():
        for branch in state.get("Branches", ()):
            found |= _names(branch)
    return found


def _walked(
    definition: Mapping[str, Any],
    given: Any,
    tasks: _Tasks,
    problems: dict[str, None],
    where: str,
) -> Walk | None:
    try:
        return walk(definition, given, tasks)
    except (Unresolved, KeyError, TypeError, AttributeError) as error:
        problems[f"{where}: {type(error).__name__}: {error}"] = None
        return None


def _trials(tasks: _Tasks, tried: set[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], str]]:
    """Each trouble, and what is broken besides.

    How a job waits, and the way after a failure, do not depend on the input: once is enough.
    """
    for trouble in _troubles(tasks):
        first, waiting = trouble not in tried, trouble[1] in (_WAITS, _STARVES)
        tried.add(trouble)
        if first or not waiting:
            yield trouble, ""
        if first and not waiting:
            yield from ((trouble, broken) for broken in (SUMMARY, FAILURE))


def _troubles(tasks: _Tasks) -> Iterator[tuple[str, str]]:
    for state, resource, _ in tasks.called:
        yield state, "fails"
        if resource.endswith(_ANSWERING):
            yield state, "rubbish"
        if resource.endswith(("TrainingJob.sync", "TransformJob.sync")):
            yield from ((state, how) for how in ("stops", _WAITS, _STARVES))


def _success_problems(given: Mapping[str, Any], found: Walk, tasks: _Tasks) -> Iterator[str]:
    if found.failure:
        yield f"fails where all goes well: {found.failure}"
    skipped = {
        state for model, state in TRAININGS.items() if not given.get(f"train_{model}_model", True)
    }
    if "labels_s3_uri" not in given["data"] or "converted_by" in given["data"]:
        skipped.add(CONVERSION)
    story = [(state, resource) for state, resource in STORY.items() if state not in skipped]
    told = [(state, resource) for state, resource, _ in tasks.called]
    if told != story:
        yield f"where all goes well, the tasks are {told}"
    if not isinstance(found.output, Mapping) or "gate" not in found.output:
        yield "where all goes well, the output does not hold what the gate said"
    yield from _parameter_problems(tasks.called)
    yield from _channel_problems(tasks)
    yield from _notification_problems(tasks, SUCCESS)


def _parameter_problems(called: Iterable[tuple[str, str, dict[str, Any]]]) -> Iterator[str]:
    for state, resource, parameters in called:
        if resource in OPERATIONS:
            for problem in parameter_problems(resource, parameters):
                yield f"state '{state}': {problem}"


def _channel_problems(tasks: _Tasks) -> Iterator[str]:
    """Each channel must hold what its name says."""
    for job in tasks.named(*TRAININGS.values(), "Train Sequence Model"):
        program = job["HyperParameters"].get("sagemaker_program")
        for channel in job["InputDataConfig"]:
            name, uri = channel["ChannelName"], channel["DataSource"]["S3DataSource"]["S3Uri"]
            place = f"/models/{name}/" if name in TRAININGS else f"/data/{name}/"
            if place not in uri and name != "pretrained":
                yield f"{program}: channel '{name}' is {uri}"
        if f"/{program[6:-3]}" not in job["OutputDataConfig"]["S3OutputPath"]:
            yield f"{program}: writes to {job['OutputDataConfig']['S3OutputPath']}"


def _notification_problems(tasks: _Tasks, state: str) -> Iterator[str]:
    for sent in tasks.named(state):
        if sent.get("Subject") != SUBJECTS[state]:
            yield f"state '{state}': its subject is '{sent.get('Subject')}'"
        message = sent.get("Message")
        if not isinstance(message, dict):
            yield f"state '{state}': its message is no object"
            continue
        execution = CONTEXT["Execution"]["Id"]
        if message.get("execution") != execution or execution not in message.get("link", ""):
            yield f"state '{state}': names the execution nowhere, or does not link to it"


def _trouble_problems(found: Walk, tasks: _Tasks, well: _Tasks) -> Iterator[str]:
    if tasks.trouble[1] == _WAITS:
        yield from _waiting_problems(found, tasks, well)
    else:
        yield from _failure_problems(found, tasks, well)


def _waiting_problems(found: Walk, tasks: _Tasks, well: _Tasks) -> Iterator[str]:
    """One job finds its instances at last: it is started anew until then, and all goes well."""
    if found.failure:
        yield f"fails, though there were instances in the end: {found.failure}"
    expected: list[str] = []
    for name, _, _ in well.called:
        expected += [name] * (1 + _WAITS_FOR if name == tasks.trouble[0] else 1)
    if [name for name, _, _ in tasks.called] != expected:
        yield "the job is not started anew until there are instances"


def _failure_problems(found: Walk, tasks: _Tasks, well: _Tasks) -> Iterator[str]:
    """One task is in trouble: nothing else is done, a summary, one notification, the cause."""
    state, how = tasks.trouble
    names = [name for name, _, _ in well.called]
    done = [name for name, _, _ in tasks.called]
    if found.failure is None:
        yield "the execution succeeds"
        return
    attempts = 1 + _PATIENCE if how == _STARVES else 1
    expected = [*names[: names.index(state)], *[state] * attempts, SUMMARY, FAILURE]
    if done != expected:
        yield f"after it, {done[len(expected) - 2 :]} are done, not a summary and one notification"
        return
    if how == "fails" and found.failure.error != "Injected":
        yield f"the execution's error is '{found.failure.error}', not the first"
    place = PARALLEL if state in TRAININGS.values() else state
    message = tasks.named(FAILURE)[0].get("Message", {})
    for where, told in (
        ("summary", tasks.named(SUMMARY)[0].get("Payload", {})),
        ("notification", message),
    ):
        said = (told.get("state"), told.get("error"), told.get("cause"))
        if said != (place, found.failure.error, found.failure.cause):
            yield f"the {where} says {said}"
    if ("place" in message.get("summary", {})) == (tasks.broken == SUMMARY):
        yield f"the notification says of the summary: {message.get('summary')}"
    yield from _parameter_problems(tasks.called[-2:])
    yield from _notification_problems(tasks, FAILURE)
