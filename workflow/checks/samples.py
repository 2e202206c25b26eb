"""Executions' inputs and tasks' results, for walks through the definition."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..setup.handler import set_up

_EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
_ENVIRONMENT = {
    "BUCKET": "ensembles",
    "SUBNET_IDS": "subnet-0123abcd,subnet-4567cdef",
    "SECURITY_GROUP_IDS": "sg-0123abcd",
}
_GATE_READS = ("run_id", "execution", "rules", "manifest", "model_artifact", "model", "base_models")
_SUMMARY_READS = ("execution", "started", "state", "error", "cause", "link")
_ACCOUNT = "arn:aws:sagemaker:eu-central-1:123456789012"
# What the template fills in when it deploys the definition, with values of the right form.
DEPLOYMENT = {
    "SetupFunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:setup",
    "GateFunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:gate",
    "FailureFunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:failure",
    "JobQueue": "arn:aws:batch:eu-central-1:123456789012:job-queue/ensembles",
    "ConvertFilesJobDefinition": "arn:aws:batch:eu-central-1:123456789012:job-definition/c:1",
    "FetchPreparedDataJobDefinition": "arn:aws:batch:eu-central-1:123456789012:job-definition/f:1",
    "MeasureTestStreamsJobDefinition": "arn:aws:batch:eu-central-1:123456789012:job-definition/m:1",
    "JobRoleArn": "arn:aws:iam::123456789012:role/ensembles-jobs",
    "TrainingImage": "document-ensemble:0.1.0",
    "NotificationTopicArn": "arn:aws:sns:eu-central-1:123456789012:ensembles",
    "AwsRegion": "eu-central-1",
}


def sample_inputs() -> dict[str, Any]:
    """The example inputs of executions, by name."""
    files = sorted(_EXAMPLES.glob("*.json"))
    return {file.stem: json.loads(file.read_text("utf-8")) for file in files}


class _Shelf:
    """An S3 client of a bucket in which each earlier run has the results of both base models."""

    def list_objects_v2(self, **query: str) -> dict[str, Any]:
        prefix = query["Prefix"]
        if "Delimiter" in query:
            return {"CommonPrefixes": [{"Prefix": f"{prefix}20260301-181500-5f0c3a/"}]}
        names = ("model.tar.gz", "output.tar.gz")
        return {"Contents": [{"Key": f"{prefix}job-1/output/{name}"} for name in names]}


def result_of(resource: str, parameters: Mapping[str, Any]) -> Any:
    """What a task answers where all goes well; a KeyError where its parameters lack something."""
    action = resource.rpartition(":::")[2]
    if action == "lambda:invoke":
        payload = parameters["Payload"]
        if "input" in payload:
            return {"StatusCode": 200, "Payload": set_up(payload, _ENVIRONMENT, _Shelf())}
        answer = _page(payload) if "cause" in payload else _decision(payload)
        return {"StatusCode": 200, "Payload": answer}
    if action == "sagemaker:createTrainingJob.sync":
        output = parameters["OutputDataConfig"]["S3OutputPath"]
        job = parameters["TrainingJobName"]
        artifacts = {"S3ModelArtifacts": f"{output}/{job}/output/model.tar.gz"}
        return {
            "TrainingJobName": job,
            "TrainingJobStatus": "Completed",
            "ModelArtifacts": artifacts,
            "OutputDataConfig": {"S3OutputPath": output},
        }
    if action == "sagemaker:createModel":
        return {"ModelArn": f"{_ACCOUNT}:model/{parameters['ModelName']}"}
    if action == "sagemaker:createTransformJob.sync":
        return {"TransformJobStatus": "Completed"}
    return {}


def _page(payload: Mapping[str, Any]) -> str:
    _require(payload, _SUMMARY_READS)
    return "s3://ensembles/runs/20260301-181500-5f0c3a/summary.md"


def _require(payload: Mapping[str, Any], names: Sequence[str]) -> None:
    for name in names:
        if not payload[name]:
            raise KeyError(name)


def _decision(payload: Mapping[str, Any]) -> dict[str, Any]:
    _require(payload, _GATE_READS)
    return {"promoted": True, "reason": "better", "summary": payload["rules"]["summary"]}
