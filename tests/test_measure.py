import json

import boto3
import pytest
from moto import mock_aws
from tests.answers import answers
from tests.builders import make_channel
from tests.contract.programs import run_here

from common.pages.channel import read_channel

KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture
def channel(tmp_path):
    make_channel(tmp_path / "test", "a", "b")
    return read_channel(tmp_path / "test", labelled=True)


def score(folder, records):
    folder.mkdir()
    for number, record in enumerate(records, start=1):
        (folder / f"{number:05}.jsonl.out").write_text(json.dumps(record) + "\n")


def measured(tmp_path):
    places = {"labelled": tmp_path / "test", "scored": tmp_path / "scored"}
    return run_here("measure.py", {**places, "metrics": tmp_path / "metrics.json"})


def figure(text, name):
    return json.loads(text)["metrics"][name]["value"]


@pytest.mark.parametrize(("wrong", "exact"), [((), 1.0), ((("a", 1), ("b", 3)), 0.75)])
def test_answers_are_measured_against_labels(channel, tmp_path, wrong, exact):
    score(tmp_path / "scored", answers(channel, wrong))
    outcome = measured(tmp_path)
    assert outcome.status == 0, outcome.err
    text = (tmp_path / "metrics.json").read_text()
    assert figure(text, "segment_f1_with_label") == exact
    assert figure(text, "segment_f1") == 1.0
    assert figure(text, "segment_ece") == pytest.approx(abs(exact - 0.9))


def test_what_is_said_of_pages_is_measured_where_it_is_said(channel, tmp_path):
    records = answers(channel)
    for record in records:
        record["pages"] = [
            {
                "stream": page.stream,
                "page": page.page,
                "document": int(page.document.rpartition("-")[2]) + 1,
                "label": page.label,
                "confidence": 0.7,
                "first_page": 0.5,
                "probabilities": {page.label: 0.7},
            }
            for page in channel.pages
            if page.stream == record["stream"]
        ]
    score(tmp_path / "scored", records)
    assert measured(tmp_path).status == 0
    text = (tmp_path / "metrics.json").read_text()
    assert figure(text, "page_ece") == pytest.approx(0.3)  # all are right
    assert figure(text, "segment_ece") == pytest.approx(0.1)


def test_a_stream_without_an_answer_is_no_success(channel, tmp_path):
    score(tmp_path / "scored", answers(channel)[:1])
    outcome = measured(tmp_path)
    assert outcome.status == 1
    assert "ClientError" in outcome.err
    assert not (tmp_path / "metrics.json").exists()


def test_an_error_record_is_no_success(channel, tmp_path):
    score(tmp_path / "scored", [*answers(channel)[:1], {"error": {"code": "too_large"}}])
    outcome = measured(tmp_path)
    assert outcome.status == 1
    assert "00002.jsonl.out line 1" in outcome.err


def test_on_s3(channel, tmp_path):
    score(tmp_path / "scored", answers(channel))
    with mock_aws():
        s3 = boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        s3.create_bucket(Bucket="ours")
        for path in tmp_path.rglob("*"):
            if path.is_file():
                s3.upload_file(str(path), "ours", f"run/{path.relative_to(tmp_path)}")
        root = "s3://ours/run"
        outcome = run_here(
            "measure.py",
            {
                "labelled": f"{root}/test/",
                "scored": f"{root}/scored/",
                "metrics": f"{root}/metrics.json",
            },
            **KEYS,
        )
        assert outcome.status == 0, outcome.err
        text = s3.get_object(Bucket="ours", Key="run/metrics.json")["Body"].read()
    assert figure(text, "segment_f1_with_label") == 1.0
