"""The tasks of the definition on this machine, by their resource."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..gate.handler import judge
from ..setup.failure import summarise
from ..setup.handler import set_up
from .folder_s3 import FolderS3
from .machine import ROOT, Call, TaskFailed
from .processes import environment, run, tail
from .scoring import score
from .training import train

BUCKET = "ensembles"
DEPLOYMENT = {
    "SetupFunctionArn": "setup",
    "GateFunctionArn": "gate",
    "FailureFunctionArn": "failure",
    "JobQueue": "local",
    "ConvertFilesJobDefinition": "convert",
    "FetchPreparedDataJobDefinition": "fetch",
    "MeasureTestStreamsJobDefinition": "measure",
    "JobRoleArn": "arn:aws:iam::000000000000:role/local",
    "TrainingImage": "document-ensemble:local",
    "NotificationTopicArn": "arn:aws:sns:local:000000000000:ensembles",
    "AwsRegion": "local",
}
_FUNCTIONS = {
    "BUCKET": BUCKET,
    "SUBNET_IDS": "subnet-00000000",
    "SECURITY_GROUP_IDS": "sg-00000000",
}
# The flags that the job definitions of the template give to the image's programs.
COMMANDS = {
    "convert": {
        "--input": "FILES_PATH",
        "--labels": "LABELS_PATH",
        "--output": "PAGES_PATH",
        "--shares": "SHARES",
    },
    "fetch": {
        "--input": "DATA_INPUT_PATH",
        "--labels": "LABELS_PATH",
        "--output": "OUTPUT_PATH",
        "--split": "SPLIT",
        "--seed": "SEED",
    },
    "measure": {
        "--labelled": "LABELLED_PATH",
        "--scored": "SCORED_PATH",
        "--metrics": "METRICS_PATH",
    },
}


def _array(asked: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """What Batch tells each job of an array, one after another; nothing where there is none."""
    if "ArrayProperties" not in asked:
        yield {}
        return
    for index in range(asked["ArrayProperties"]["Size"]):
        yield {"AWS_BATCH_JOB_ARRAY_INDEX": str(index)}


class LocalTasks:
    """Answers calls. `folder` holds s3/, jobs/ with a folder each, and notifications.jsonl."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.s3 = FolderS3(folder / "s3")
        self.jobs = folder / "jobs"
        (folder / "s3" / BUCKET).mkdir(parents=True, exist_ok=True)

    def __call__(self, call: Call) -> Any:
        action = call.resource.rpartition(":::")[2]
        return {
            "lambda:invoke": self._invoke,
            "batch:submitJob.sync": self._submit,
            "sagemaker:createTrainingJob.sync": lambda call: train(call, self.s3, self.jobs),
            "sagemaker:createModel": self._create_model,
            "sagemaker:createTransformJob.sync": lambda call: score(call, self.s3, self.jobs),
            "sns:publish": self._publish,
        }[action](call)

    def _invoke(self, call: Call) -> dict[str, Any]:
        answer = self._function(call.parameters["FunctionName"])(call.parameters["Payload"])
        return {"StatusCode": 200, "Payload": answer}

    def _function(self, arn: str) -> Callable[[Mapping[str, Any]], Any]:
        functions: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            DEPLOYMENT["SetupFunctionArn"]: partial(set_up, environment=_FUNCTIONS, s3=self.s3),
            DEPLOYMENT["GateFunctionArn"]: partial(judge, s3=self.s3),
            DEPLOYMENT["FailureFunctionArn"]: partial(summarise, bucket=BUCKET, s3=self.s3),
        }
        return functions[arn]

    def _submit(self, call: Call) -> dict[str, Any]:
        asked = call.parameters
        program, values = asked["JobDefinition"], asked["Parameters"]
        command = [sys.executable, str(ROOT / "src" / f"{program}.py")]
        for flag, name in COMMANDS[program].items():
            value = values[name]
            command += [flag, str(self.s3.path(value)) if value.startswith("s3://") else value]
        log = self.jobs / f"{program}.log"
        for variables in _array(asked):
            if run(command, log, call.cancelled, environment(**variables)):
                raise TaskFailed("States.TaskFailed", f"{asked['JobName']}: {tail(log)}")
        return {"JobName": asked["JobName"], "Status": "SUCCEEDED"}

    def _create_model(self, call: Call) -> dict[str, str]:
        name = call.parameters["ModelName"]
        file = self.jobs / "models" / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(call.parameters["PrimaryContainer"]))
        return {"ModelArn": f"arn:aws:sagemaker:local:000000000000:model/{name}"}

    def _publish(self, call: Call) -> dict[str, str]:
        sent = {name: call.parameters[name] for name in ("Subject", "Message")}
        with (self.folder / "notifications.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(sent, ensure_ascii=False) + "\n")
        return {"MessageId": "local"}
