"""The object on S3 that says which ensemble is in use, and how it is swapped."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

KEPT = "ensembles"
POINTER = f"{KEPT}/in-use.json"
_HISTORY = f"{KEPT}/history"
_MISSING = ("NoSuchKey", "404")
_RACED = ("PreconditionFailed", "ConditionalRequestConflict")


class Read(NamedTuple):
    """What the pointer says, and the version that said it; None where there is no pointer."""

    said: dict[str, Any] | None
    etag: str | None


def read_pointer(s3: Any, bucket: str) -> Read:
    try:
        answer = s3.get_object(Bucket=bucket, Key=POINTER)
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return Read(None, None)
        raise
    return Read(json.loads(answer["Body"].read()), answer["ETag"])


def swap_pointer(s3: Any, bucket: str, new: dict[str, Any], before: Read) -> bool:
    """Point to a new ensemble, unless somebody else has swapped since `before` was read.

    The old pointer is kept in `ensembles/history/`, for rollback.

    Returns:
        whether it was swapped.
    """
    if before.said is not None:
        key = f"{_HISTORY}/{before.said['run_id']}.json"
        s3.put_object(Bucket=bucket, Key=key, Body=_json(before.said))
    only_if = {"IfMatch": before.etag} if before.etag else {"IfNoneMatch": "*"}
    try:
        s3.put_object(Bucket=bucket, Key=POINTER, Body=_json(new), **only_if)
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in _RACED:
            return False
        raise
    return True


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()
