"""A bucket to put objects into, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import boto3
from moto import mock_aws

_KEYS = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@contextmanager
def bucket(name: str) -> Iterator[Any]:
    """A client of S3, on which there is one empty bucket."""
    with mock.patch.dict("os.environ", _KEYS), mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=name)
        yield s3
