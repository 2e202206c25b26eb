import boto3
import pytest
from moto import mock_aws
from workflow.local.machine import NODE_MODULES

BUCKET = "ensembles"
INTERPRETED = ["test_faults.py", "test_machine.py", "test_run.py", "test_services.py"]
# Node.js is no dependency of the project, so `make interpreter` comes before these.
collect_ignore = [] if NODE_MODULES.is_dir() else INTERPRETED


def pytest_report_header():
    if collect_ignore:
        return f"NOT RUN for want of `make interpreter`: {', '.join(INTERPRETED)}"
    return None


@pytest.fixture
def s3(monkeypatch):
    """An S3 client whose bucket is empty."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client
