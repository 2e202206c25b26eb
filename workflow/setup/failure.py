"""The Lambda function behind the state Summarise Failure: one page about an execution that failed.

It knows where the run keeps what as Setup does, whose failure it may have to tell.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from .checking import BASE_MODELS, MODELS
from .earlier import complete_job, has_converted
from .paths import CHANNELS, Run, run_of

_CONVERSION = "Convert Files"  # the state; where it fails, some files are missing
_MISSING = "not made"
_PAGES = "pages of files"
_REASONS = ("FailureReason", "StatusReason", "errorMessage")  # of SageMaker, Batch, Lambda
_LONGEST = 3000  # characters of a cause, so that the page stays one


def handle(event: Mapping[str, Any], context: object) -> str:
    import boto3

    return summarise(event, os.environ["BUCKET"], boto3.client("s3"))


def summarise(event: Mapping[str, Any], bucket: str, s3: Any) -> str:
    """Write the run's `summary.md`: what failed and why, what was made, where to look.

    A run may fail after the gate has decided; the gate's page then stays below.

    Args:
        event: the `execution`, when it `started`, the `state` that failed, its `error` and `cause`,
            and a `link`.
        s3: boto3's client.

    Returns:
        the page's URI.
    """
    run = run_of(bucket, event["execution"], event["started"])
    key = f"{run.prefix}/summary.md"
    title = f"# Run {run.run_id}: failed"
    before = _read(s3, bucket, key)
    if not before.startswith(title):  # else an attempt before this one has written it
        made = _made(s3, run, event["state"])
        page = "\n\n".join([title, *_told(event), _table(made), *_reusable(made, run.run_id)])
        body = f"{page}\n\n---\n\n{before}" if before else f"{page}\n"
        s3.put_object(Bucket=bucket, Key=key, Body=body.encode(), ContentType="text/markdown")
    return run.below("summary.md")


def _told(event: Mapping[str, Any]) -> list[str]:
    reason = _reason(event["cause"])[:_LONGEST].strip()
    return [
        f"In the state {event['state']}, with `{event['error']}`:",
        "\n".join(f"    {line}" for line in reason.splitlines()),
        f"- execution: `{event['execution']}`\n- look: {event['link']}",
    ]


def _reason(cause: str) -> str:
    """What a cause comes down to: of a job or a function it is their whole description, as JSON."""
    try:
        said = json.loads(cause)
    except ValueError:
        return cause
    reasons = [said[name] for name in _REASONS if said.get(name)] if isinstance(said, dict) else []
    return str(reasons[0]) if reasons else cause


def _made(s3: Any, run: Run, failed: str) -> dict[str, str]:
    """What the run has made whole, by name: pages of files, the data, each model, the metrics."""
    whole = failed != _CONVERSION and has_converted(s3, run)
    models = {model: complete_job(s3, run.bucket, run.run_id, model) for model in MODELS}
    metrics = _read(s3, run.bucket, f"{run.prefix}/metrics.json")
    return {
        _PAGES: run.converted if whole else _MISSING,
        "data": _data(_read(s3, run.bucket, f"{run.prefix}/data/manifest.json")),
        **{f"{model} model": folder or _MISSING for model, folder in models.items()},
        "metrics": run.below("metrics.json") if metrics else _MISSING,
    }


def _data(manifest: str) -> str:
    if not manifest:
        return _MISSING
    channels = json.loads(manifest)["channels"]
    counted = ((name, channels[name]) for name in CHANNELS)
    return "; ".join(
        f"{name}: {of['streams']} streams, {of['documents']} documents, {of['pages']} pages"
        for name, of in counted
    )


def _table(made: Mapping[str, str]) -> str:
    rows = [f"| {what} | {place} |" for what, place in made.items()]
    return "\n".join(["| what | made |", "| --- | --- |", *rows])


def _reusable(made: Mapping[str, str], run_id: str) -> list[str]:
    whole = [model for model in BASE_MODELS if made[f"{model} model"] != _MISSING]
    said = [f"`train_{model}_model` false" for model in whole]
    said += [f"`earlier_run` {run_id}"] if whole else []
    said += [f"`data.converted_by` {run_id}"] if made[_PAGES] != _MISSING else []
    return [f"What is there need not be made again: {', '.join(said)}."] if said else []


def _read(s3: Any, bucket: str, key: str) -> str:
    """An object as text; nothing where there is none."""
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            return ""
        raise
