"""The page about an execution that failed."""

import json

import pytest
from tests.workflow.conftest import BUCKET
from tests.workflow.inputs import EXECUTION, STARTED, set_up_by
from workflow.setup.failure import summarise
from workflow.setup.paths import run_id_of

RUN = run_id_of(EXECUTION, STARTED)
CAUSE = {
    "TrainingJobName": "seq-1",
    "FailureReason": "ClientError: channel 'text': empty.\nAdd it.",
}
EVENT = {
    "execution": EXECUTION,
    "started": STARTED,
    "state": "Train Sequence Model",
    "error": "States.TaskFailed",
    "cause": json.dumps(CAUSE),
    "link": "https://console/executions/nightly",
}


def put(s3, name, text):
    s3.put_object(Bucket=BUCKET, Key=f"runs/{RUN}/{name}", Body=text.encode())


def page_of(s3, event=EVENT):
    uri = summarise(event, BUCKET, s3)
    assert uri == f"s3://{BUCKET}/runs/{RUN}/summary.md"
    body = s3.get_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))["Body"]
    return body.read().decode()


def test_it_lies_where_the_gate_would_have_written_its_page(s3):
    given = {"data": {"s3_uri": "s3://documents/office"}}
    assert summarise(EVENT, BUCKET, s3) == set_up_by(given)["generated"]["gate"]["summary"]


def test_the_page_says_what_failed_why_and_what_there_is(s3):
    names = ("test", "train", "validation")
    channels = {name: {"streams": 3, "documents": 13, "pages": 47} for name in names}
    put(s3, "data/manifest.json", json.dumps({"channels": channels}))
    for name in ("model.tar.gz", "output.tar.gz"):
        put(s3, f"models/text/text-1/output/{name}", "x")
    put(s3, "models/image/image-1/output/model.tar.gz", "half of it")
    page = page_of(s3)
    assert page.startswith(f"# Run {RUN}: failed\n")
    assert "In the state Train Sequence Model, with `States.TaskFailed`:" in page
    assert "\n    ClientError: channel 'text': empty.\n    Add it.\n" in page
    counts = "3 streams, 13 documents, 47 pages"
    assert f"| data | train: {counts}; validation: {counts}; test: {counts} |" in page
    assert f"| text model | s3://{BUCKET}/runs/{RUN}/models/text/text-1/ |" in page
    for missing in ("image model", "sequence model", "metrics"):
        assert f"| {missing} | not made |" in page
    assert f"`train_text_model` false, `earlier_run` {RUN}." in page
    assert EVENT["link"] in page


def test_a_run_that_has_made_nothing_has_a_page_too(s3):
    page = page_of(s3, {**EVENT, "state": "Setup", "cause": '{"errorMessage": "data: missing."}'})
    assert page.count("not made") == 6
    assert "\n    data: missing.\n" in page
    assert "earlier_run" not in page


@pytest.mark.parametrize(
    ("state", "whole"), [("Fetch Prepared Data", True), ("Convert Files", False)]
)
def test_pages_of_files_can_be_reused_once_all_files_were_converted(s3, state, whole):
    put(s3, "converted/shares/00000.json", "{}")
    page = page_of(s3, {**EVENT, "state": state})
    assert (f"`data.converted_by` {RUN}." in page) is whole
    assert (f"| pages of files | s3://{BUCKET}/runs/{RUN}/converted/ |" in page) is whole


@pytest.mark.parametrize("cause", ["no JSON", "[1]", "null", '{"Status": "FAILED"}'])
def test_a_cause_of_another_form_is_told_as_it_is(s3, cause):
    assert f"\n    {cause}\n" in page_of(s3, {**EVENT, "cause": cause})


def test_a_long_cause_does_not_make_it_two_pages(s3):
    assert len(page_of(s3, {**EVENT, "cause": "x" * 30_000})) < 5_000


def test_what_the_gate_has_said_stays_below(s3):
    put(s3, "summary.md", "# Run: put into use\n")
    put(s3, "metrics.json", "{}")
    event = {**EVENT, "state": "Notify Success"}
    page = page_of(s3, event)
    assert page.startswith(f"# Run {RUN}: failed\n")
    assert page.endswith("\n---\n\n# Run: put into use\n")
    assert f"| metrics | s3://{BUCKET}/runs/{RUN}/metrics.json |" in page
    assert page_of(s3, event) == page  # another attempt
