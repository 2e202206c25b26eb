"""Executions on moto's S3, SNS and Batch: from scans on S3 to a message that somebody reads."""

import json

import boto3
import pytest
from tests.documents.papers import CONTRACT, text_page, text_pdf
from tests.workflow.conftest import BUCKET
from tests.workflow.services import DOCUMENTS, JOBS, ServiceTasks, deployed, received, services
from workflow.checks.simulation import CONTEXT
from workflow.gate.pointer import POINTER
from workflow.local.__main__ import DEFINITION
from workflow.local.machine import execute
from workflow.substitution import substituted

pytestmark = pytest.mark.slow
FILES = 5
GIVEN = {
    "data": {
        "s3_uri": f"s3://{DOCUMENTS}/scans",
        "labels_s3_uri": f"s3://{DOCUMENTS}/scans/labels.csv",
        "array_size": 2,
    },
    "gate": {"max_segment_ece": 1},
}


@pytest.fixture(scope="module")
def cloud():
    """(the definition as it would be deployed, the queue of somebody who has subscribed)"""
    with services() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        names, queue = deployed()
        yield substituted(json.loads(DEFINITION.read_text("utf-8")), names), queue


@pytest.fixture
def scans(cloud, tmp_path, tesseract):
    """PDFs of two documents, one page each, and their labels; gives the labels' lines."""
    s3 = boto3.client("s3")
    rows = ["file,first_page,last_page,label"]
    for number in range(FILES):
        pages = [text_page([*CONTRACT, f"{number} {page}"]) for page in ("one", "two")]
        file = text_pdf(tmp_path / f"f{number}.pdf", pages)
        s3.upload_file(str(file), DOCUMENTS, f"scans/{file.name}")
        rows += [f"{file.name},1,1,contract", f"{file.name},2,2,letter"]
    put_labels(rows)
    return rows


def put_labels(rows):
    s3 = boto3.client("s3")
    s3.put_object(Bucket=DOCUMENTS, Key="scans/labels.csv", Body="\n".join(rows).encode())


def read(uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()


def executed(cloud, tmp_path, name):
    context = {"Execution": {**CONTEXT["Execution"], "Id": f"arn:…:{name}", "Name": name}}
    return execute(cloud[0], GIVEN, context, ServiceTasks(tmp_path / "run"), pause=1)


def test_scans_become_an_ensemble_in_use_and_one_message(cloud, scans, tmp_path):
    execution = executed(cloud, tmp_path, "one")
    assert execution.status == "SUCCEEDED", execution.cause
    [message] = received(cloud[1])
    assert message["Subject"] == "Model Training succeeded"
    told = json.loads(message["Message"])
    generated = execution.output["generated"]
    assert (told["run"], told["promoted"]) == (generated["run_id"], True)
    assert "# Run" in read(told["summary"])
    manifest = json.loads(read(generated["data"]["manifest"]))
    assert sum(channel["pages"] for channel in manifest["channels"].values()) == 2 * FILES
    assert json.loads(read(f"s3://{BUCKET}/{POINTER}"))["run_id"] == generated["run_id"]
    jobs = boto3.client("batch").list_jobs(jobQueue="jobs", jobStatus="SUCCEEDED")
    assert {job["jobName"] for job in jobs["jobSummaryList"]} == set(JOBS)


def test_what_a_job_refuses_is_told_once_and_summarised(cloud, scans, tmp_path):
    put_labels([*scans, "f9.pdf,1,1,letter"])
    execution = executed(cloud, tmp_path, "two")
    assert execution.status == "FAILED"
    [message] = received(cloud[1])
    assert message["Subject"] == "[ERROR] Model Training failed!"
    told = json.loads(message["Message"])
    assert told["state"] == "Convert Files"
    assert (told["error"], told["cause"]) == (execution.error, execution.cause)
    page = read(told["summary"]["place"])
    assert "In the state Convert Files" in page
    assert "there is no file or stream 'f9.pdf'" in page
    assert "| data | not made |" in page
