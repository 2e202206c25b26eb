import boto3
import pytest
from moto import mock_aws

BUCKET = "ensembles"


@pytest.fixture
def s3(monkeypatch):
    """An S3 client whose bucket is empty."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client
