"""What each job of an execution is sent, as SageMaker and Batch name it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .checking import BASE_MODELS, INPUT_SCHEMA, MODELS
from .hyperparameters import merged
from .paths import CHANNELS, Run

_INSTANCE_TYPES = {"text": "ml.m5.xlarge", "image": "ml.g4dn.xlarge", "sequence": "ml.m5.xlarge"}
_VOLUMES_GB = {"text": 50, "image": 100, "sequence": 50}
_SCORING_INSTANCE = "ml.m5.xlarge"
_WAITING = 86400  # seconds that a job waits for spot capacity, unless the input says otherwise
_SHORT = {"text": "text", "image": "image", "sequence": "seq"}
DEFAULT_SECONDS = INPUT_SCHEMA["$defs"]["seconds"]["default"]

Section = Mapping[str, Any]


def training_job(model: str, given: Section, run: Run, keys: Section) -> dict[str, Any]:
    """`$.generated.<model>`."""
    job = given.get(model, {})
    seconds = job.get("MaxRuntimeInSeconds", DEFAULT_SECONDS)
    spot = job.get("EnableManagedSpotTraining", False)
    stopping = {"MaxRuntimeInSeconds": seconds}
    if spot:
        stopping["MaxWaitTimeInSeconds"] = job.get("MaxWaitTimeInSeconds", seconds + _WAITING)
    resources = {
        "InstanceCount": job.get("InstanceCount", 1),
        "InstanceType": job.get("InstanceType", _INSTANCE_TYPES[model]),
        "VolumeSizeInGB": job.get("VolumeSizeInGB", _VOLUMES_GB[model]),
        **_key("VolumeKmsKeyId", keys),
    }
    return {
        "job_prefix": f"{_SHORT[model]}-{run.run_id}",
        "HyperParameters": merged(model, job.get("HyperParameters", {})),
        "MetricDefinitions": _metric_definitions()[model],
        "OutputDataConfig": {"S3OutputPath": run.results_prefix(model), **_key("KmsKeyId", keys)},
        "ResourceConfig": resources,
        "StoppingCondition": stopping,
        "EnableManagedSpotTraining": spot,
        "CheckpointConfig": {"S3Uri": run.below("checkpoints", model)},
    }


def _key(name: str, keys: Section) -> dict[str, str]:
    return {name: keys[name]} if name in keys else {}


def _metric_definitions() -> dict[str, list[dict[str, str]]]:
    return json.loads((Path(__file__).parent / "metric_definitions.json").read_text("utf-8"))


def _input_channels(job: Section, run: Run) -> list[dict[str, Any]]:
    uris = {name: run.below("data", name, "") for name in CHANNELS}
    if "PretrainedS3Uri" in job:
        uris["pretrained"] = _folder(job["PretrainedS3Uri"])
    return [
        {
            "ChannelName": name,
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": uri,
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }
        for name, uri in uris.items()
    ]


def data_job(given: Section, run: Run) -> dict[str, Any]:
    """`$.generated.data`: of the Batch job that makes this execution's copy."""
    data = given["data"]
    split = data.get("split", {})
    pages = Run(run.bucket, data.get("converted_by", run.run_id)).converted
    return {
        "input_path": pages if "labels_s3_uri" in data else _folder(data["s3_uri"]),
        "labels_path": data.get("labels_s3_uri", "none"),
        "output_path": run.below("data", ""),
        "split": f"{split.get('validation', 0.2)},{split.get('test', 0.2)}",
        "seed": str(data.get("seed", 1)),
        "time_limit_seconds": data.get("time_limit_seconds", 14400),
        "channels": {name: run.below("data", name, "") for name in CHANNELS},
        "manifest": run.below("data", "manifest.json"),
    }


def conversion_job(given: Section) -> dict[str, Any]:
    """`$.generated.conversion`: of the Batch jobs that read PDFs and scans, if there are any."""
    data = given["data"]
    size = data.get("array_size", 10)
    return {"files_path": _folder(data["s3_uri"]), "array_size": size, "shares": str(size)}


def _folder(uri: str) -> str:
    return uri.rstrip("/") + "/"


def scoring_job(given: Section, run: Run, keys: Section) -> dict[str, Any]:
    """`$.generated.scoring`: of the transform job."""
    job = given.get("scoring", {})
    output = {
        "S3OutputPath": run.below("scored", ""),
        "Accept": "application/jsonlines",
        "AssembleWith": "None",
        **_key("KmsKeyId", keys),
    }
    resources = {
        "InstanceType": job.get("InstanceType", _SCORING_INSTANCE),
        "InstanceCount": job.get("InstanceCount", 1),
        **_key("VolumeKmsKeyId", keys),
    }
    return {
        "job_prefix": f"score-{run.run_id}",
        "requests": run.below("data", "requests", ""),
        "MaxConcurrentTransforms": job.get("MaxConcurrentTransforms", 2),
        "MaxPayloadInMB": job.get("MaxPayloadInMB", 50),
        "ModelClientConfig": {
            "InvocationsTimeoutInSeconds": job.get("InvocationsTimeoutInSeconds", 600),
            "InvocationsMaxRetries": 1,
        },
        "TransformOutput": output,
        "TransformResources": resources,
    }


def training_jobs(given: Section, run: Run, keys: Section) -> dict[str, Any]:
    jobs = {model: training_job(model, given, run, keys) for model in MODELS}
    for model in BASE_MODELS:  # the sequence model reads their results too, which come later
        jobs[model]["InputDataConfig"] = _input_channels(given.get(model, {}), run)
    return jobs
