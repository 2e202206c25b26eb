"""The Lambda function behind the state Gate."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .decision import Decision, Figures, MissingMetrics, decide, figures_of
from .pointer import KEPT, Read, read_pointer, swap_pointer
from .summary import kept_metrics, summary

_RACES = 10  # that may be lost before the function gives up


class Busy(Exception):
    """Others swapped the pointer again and again."""


def handle(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    import boto3

    return judge(event, boto3.client("s3"))


def judge(event: Mapping[str, Any], s3: Any) -> dict[str, Any]:
    """Decide on a new ensemble, write the summary, and last of all swap the pointer.

    Args:
        event: `run_id`, `execution`, `rules` (tolerance, max_segment_ece, and the S3 URIs of
            metrics and summary), and those of `manifest`, `model_artifact`, `base_models`; `model`
            is SageMaker's.
        s3: boto3's client.

    Returns:
        `promoted`, `reason`, and the URI of the `summary`.

    Raises:
        MissingMetrics: the test streams were not measured.
    """
    rules = event["rules"]
    metrics = _read_json(s3, rules["metrics"])
    manifest = _read_json(s3, event["manifest"])
    new = figures_of(metrics, manifest["channels"]["test"]["fingerprint"])
    bucket = _split(rules["summary"])[0]
    for _ in range(_RACES):
        before = read_pointer(s3, bucket)
        said = before.said
        if said is not None and said["run_id"] == event["run_id"]:  # an attempt before this one
            return _answer(Decision(True, said["reason"]), rules)
        decision = decide(new, Figures(**said["figures"]) if said else None, rules)
        _write(s3, rules["summary"], summary(event, manifest, metrics, said, decision))
        if not decision.promoted:
            return _answer(decision, rules)
        kept = _keep(s3, bucket, event)
        pointer = {**_pointer(event, new, metrics, decision, before), "model_artifact": kept}
        if swap_pointer(s3, bucket, pointer, before):
            return _answer(decision, rules)
    raise Busy(f"The pointer was swapped by others {_RACES} times. Start the execution anew.")


def _keep(s3: Any, bucket: str, event: Mapping[str, Any]) -> str:
    """Copy the ensemble to where it outlives its run; returns the copy's URI."""
    source, key = _split(event["model_artifact"])
    copy = f"{KEPT}/{event['run_id']}/model.tar.gz"
    s3.copy_object(Bucket=bucket, Key=copy, CopySource={"Bucket": source, "Key": key})
    return f"s3://{bucket}/{copy}"


def _pointer(
    event: Mapping[str, Any],
    new: Figures,
    metrics: Mapping[str, Any],
    decision: Decision,
    before: Read,
) -> dict[str, Any]:
    return {
        "run_id": event["run_id"],
        "execution": event["execution"],
        "model": event["model"],
        "figures": new.as_dict(),
        "metrics": kept_metrics(metrics),
        "reason": decision.reason,
        "before": before.said["run_id"] if before.said else None,
    }


def _answer(decision: Decision, rules: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "promoted": decision.promoted,
        "reason": decision.reason,
        "summary": rules["summary"],
    }


def _split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _read_json(s3: Any, uri: str) -> dict[str, Any]:
    bucket, key = _split(uri)
    try:
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except s3.exceptions.ClientError as error:
        raise MissingMetrics(f"{uri} cannot be read: {error}.") from error
    except ValueError as error:
        raise MissingMetrics(f"{uri} is no JSON: {error}.") from error


def _write(s3: Any, uri: str, text: str) -> None:
    bucket, key = _split(uri)
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType="text/markdown")
