"""The Lambda function behind the state Setup."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .checking import BASE_MODELS, MODELS, check
from .earlier import earlier_results
from .jobs import conversion_job, data_job, scoring_job, training_jobs
from .paths import Run, run_of


def handle(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """From `{input, execution, started}` to what the states that follow read."""
    import boto3

    return set_up(event, os.environ, boto3.client("s3"))


def set_up(event: Mapping[str, Any], environment: Mapping[str, str], s3: Any) -> dict[str, Any]:
    """The input's switches, and `generated`: names, paths and parameters.

    Args:
        event: `input` of the execution, its ARN `execution`, and when it `started`.
        environment: BUCKET, SUBNET_IDS, SECURITY_GROUP_IDS, and KMS_KEY_ID where there is one.
        s3: boto3's client.

    Raises:
        InvalidInput: all problems of the input, or what it skips and no earlier run has.
    """
    given = check(event["input"])
    bucket = environment["BUCKET"]
    run = run_of(bucket, event["execution"], event["started"])
    trains = {model: given.get(f"train_{model}_model", True) for model in BASE_MODELS}
    skipped = [model for model, train in trains.items() if not train]
    converted_by = given["data"].get("converted_by")
    earlier = earlier_results(
        s3, bucket, skipped, given.get("earlier_run"), converted_by=converted_by
    )
    return {
        "capacity": {"waits": 0},
        "convert_files": "labels_s3_uri" in given["data"] and converted_by is None,
        **{f"train_{model}_model": train for model, train in trains.items()},
        "generated": {
            **_jobs(given, run, environment),
            "earlier_results": earlier,
        },
    }


def _jobs(given: Mapping[str, Any], run: Run, environment: Mapping[str, str]) -> dict[str, Any]:
    keys = dict(given.get("encryption", {}))
    if environment.get("KMS_KEY_ID"):
        keys.setdefault("KmsKeyId", environment["KMS_KEY_ID"])
    tags = {**given.get("tags", {}), "document-ensemble:run": run.run_id}
    gate = {"tolerance": 0.01, "max_segment_ece": 0.15, **given.get("gate", {})}
    return {
        "run_id": run.run_id,
        "model_prefix": f"ensemble-{run.run_id}",
        "data": data_job(given, run),
        "conversion": conversion_job(given),
        **training_jobs(given, run, keys),
        "scoring": scoring_job(given, run, keys),
        "gate": {**gate, "metrics": run.below("metrics.json"), "summary": run.below("summary.md")},
        "network": _network(given.get("network", {}), environment),
        "tags": [{"Key": name, "Value": value} for name, value in tags.items()],
        "batch_tags": tags,
        "output_artifact_paths": {f"{model}_prefix": run.results_prefix(model) for model in MODELS},
    }


def _network(given: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    own = {
        "Subnets": environment["SUBNET_IDS"].split(","),
        "SecurityGroupIds": environment["SECURITY_GROUP_IDS"].split(","),
    }
    return {
        "VpcConfig": given.get("VpcConfig", own),
        "EnableNetworkIsolation": given.get("EnableNetworkIsolation", True),
        "EnableInterContainerTrafficEncryption": given.get(
            "EnableInterContainerTrafficEncryption", False
        ),
    }
