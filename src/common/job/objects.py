"""Folders on S3, for the jobs that AWS Batch runs: SageMaker mounts them itself, Batch does not.

Whatever is no `s3://…` is a folder here, so that the same job runs on a laptop.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from common.job.errors import ClientError

_SCHEME = "s3://"
_AT_ONCE = 16  # objects on their way


def fetched(place: str, scratch: Path) -> Path:
    """The folder at a place, copied into `scratch` where it lies on S3.

    Raises:
        ClientError: there is nothing.
    """
    if not place.startswith(_SCHEME):
        if not Path(place).is_dir():
            raise ClientError(f"{place} is not a folder. Name one that exists.")
        return Path(place)
    bucket, prefix = _split(place)
    s3 = _client()

    def fetch(key: str) -> None:
        file = scratch / key.removeprefix(prefix)
        file.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, key, str(file))

    keys = [key for key in _keys(s3, bucket, prefix) if _leads_below(key, prefix)]
    if not keys:
        raise ClientError(f"{place} holds nothing. Name a prefix with objects below it.")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(fetch, keys))
    return scratch


def store(folder: Path, place: str, *, last: str | None = None) -> None:
    """Copy what lies below `folder` to S3, `last` after all else: who finds it finds everything.

    Nothing is done where the place is the folder itself.
    """
    if not place.startswith(_SCHEME):
        if Path(place).resolve() != folder.resolve():
            raise ValueError(f"{place} is another folder than {folder}")
        return
    bucket, prefix = _split(place)
    s3 = _client()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    final = names.pop(last, None) if last else None

    def send(name: str) -> None:
        s3.upload_file(str(names[name]), bucket, prefix + name)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(send, names))
    if final is not None:
        s3.upload_file(str(final), bucket, f"{prefix}{last}")


def target(place: str, scratch: Path) -> Path:
    """Where to write what `store` then brings to a place."""
    return scratch if place.startswith(_SCHEME) else Path(place)


def _split(place: str) -> tuple[str, str]:
    bucket, _, prefix = place.removeprefix(_SCHEME).partition("/")
    return bucket, f"{prefix.rstrip('/')}/" if prefix.rstrip("/") else ""


def _leads_below(key: str, prefix: str) -> bool:
    """S3 allows keys that are no paths below a folder, and empty objects that stand for folders."""
    name = key.removeprefix(prefix)
    return bool(name) and not name.endswith("/") and ".." not in Path(name).parts


def _keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", ()):
            yield found["Key"]


def _client() -> Any:
    import boto3  # on Batch alone: training has neither network nor credentials

    return boto3.client("s3")
