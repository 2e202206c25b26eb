"""What an earlier execution left for a base model that is not trained anew."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from .checking import InvalidInput
from .paths import RUNS, Run

_ARCHIVES = ("model.tar.gz", "output.tar.gz")


def earlier_results(
    s3: Any,
    bucket: str,
    skipped: Collection[str],
    run_id: str | None,
    *,
    converted_by: str | None = None,
) -> dict[str, str]:
    """Model → S3 URI of the folder that holds both archives of its job.

    Args:
        s3: boto3's client.
        run_id: of the execution to take them from; None for the latest that has them.
        converted_by: the run whose pages of files serve, if one was named.

    Raises:
        InvalidInput: there is none, said of each model that was asked for, or no page.
    """
    found: dict[str, str] = {}
    problems = []
    if converted_by is not None and not has_converted(s3, Run(bucket, converted_by)):
        place = Run(bucket, converted_by).converted
        problems.append(f"data.converted_by: there is nothing in {place}. Leave it out.")
    for model in skipped:
        runs = [run_id] if run_id else sorted(_run_ids(s3, bucket), reverse=True)
        folders = (complete_job(s3, bucket, run, model) for run in runs)
        folder = next((folder for folder in folders if folder), None)
        if folder is None:
            where = f"run {run_id}" if run_id else "any earlier run"
            problems.append(
                f"train_{model}_model: there are no results of the {model} model from {where} in "
                f"s3://{bucket}/{RUNS}/. Set it to true."
            )
        else:
            found[model] = folder
    if problems:
        raise InvalidInput(
            "\n".join(["The execution's input asks for what is not there:", *problems])
        )
    return found


def has_converted(s3: Any, run: Run) -> bool:
    """Whether a run has left pages of files."""
    return next(_keys(s3, run.bucket, f"{run.prefix}/converted/"), None) is not None


def complete_job(s3: Any, bucket: str, run_id: str, model: str) -> str | None:
    """The job's folder, the last one where several attempts came through."""
    prefix = f"{RUNS}/{run_id}/models/{model}/"
    keys = set(_keys(s3, bucket, prefix))
    jobs = sorted({key.removeprefix(prefix).partition("/")[0] for key in keys})
    whole = [
        job for job in jobs if all(f"{prefix}{job}/output/{name}" in keys for name in _ARCHIVES)
    ]
    return f"s3://{bucket}/{prefix}{whole[-1]}/" if whole else None


def _run_ids(s3: Any, bucket: str) -> Iterator[str]:
    for answer in _pages(s3, Bucket=bucket, Prefix=f"{RUNS}/", Delimiter="/"):
        for found in answer.get("CommonPrefixes", ()):
            yield found["Prefix"].removeprefix(f"{RUNS}/").rstrip("/")


def _keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    for answer in _pages(s3, Bucket=bucket, Prefix=prefix):
        for found in answer.get("Contents", ()):
            yield found["Key"]


def _pages(s3: Any, **query: str) -> Iterator[dict[str, Any]]:
    answer = s3.list_objects_v2(**query)
    yield answer
    while answer.get("IsTruncated"):
        answer = s3.list_objects_v2(**query, ContinuationToken=answer["NextContinuationToken"])
        yield answer
