"""A folder that stands for S3: `<root>/<bucket>/<key>`, with what the functions ask of boto3."""

from __future__ import annotations

import fcntl
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

_SCHEME = "s3://"


class _Exceptions:
    ClientError = ClientError


class FolderS3:
    """Objects, listed and written by condition as S3 does."""

    exceptions = _Exceptions

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, uri: str) -> Path:
        """Where an S3 URI lies."""
        if not uri.startswith(_SCHEME) or ".." in Path(uri).parts:
            raise ValueError(f"no S3 URI: {uri}")
        return self.root / uri.removeprefix(_SCHEME)

    def get_object(self, **query: str) -> dict[str, Any]:
        file = self.root / query["Bucket"] / query["Key"]
        if not file.is_file():
            raise _refused("NoSuchKey", "GetObject")
        content = file.read_bytes()
        return {"Body": io.BytesIO(content), "ETag": _etag(content)}

    def put_object(self, **query: Any) -> dict[str, Any]:
        file = self.root / query["Bucket"] / query["Key"]
        file.parent.mkdir(parents=True, exist_ok=True)
        with self._alone():
            there = _etag(file.read_bytes()) if file.is_file() else None
            if query.get("IfNoneMatch") == "*" and there is not None:
                raise _refused("PreconditionFailed", "PutObject")
            if "IfMatch" in query and query["IfMatch"] != there:
                raise _refused("PreconditionFailed", "PutObject")
            file.write_bytes(query["Body"])
        return {"ETag": _etag(query["Body"])}

    def copy_object(self, *, Bucket: str, Key: str, CopySource: dict[str, str]) -> dict[str, Any]:
        source = self.get_object(**CopySource)
        return self.put_object(Bucket=Bucket, Key=Key, Body=source["Body"].read())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Against other processes: a condition and the write that hangs on it are one."""
        with (self.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def list_objects_v2(self, **query: str) -> dict[str, Any]:
        bucket = self.root / query["Bucket"]
        files = (path for path in bucket.rglob("*") if path.is_file())
        keys = sorted(path.relative_to(bucket).as_posix() for path in files)
        keys = [key for key in keys if key.startswith(query["Prefix"])]
        if "Delimiter" not in query:
            return {"Contents": [{"Key": key} for key in keys], "IsTruncated": False}
        start = len(query["Prefix"])
        heads = {key[: key.find("/", start) + 1] for key in keys if "/" in key[start:]}
        return {"CommonPrefixes": [{"Prefix": head} for head in sorted(heads)]}


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


def _refused(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)
