import base64
import json

import boto3
import pytest
from moto import mock_aws
from tests.builders import make_channel
from tests.contract.programs import files_below, run_here

from common.pages.channel import read_channel

NAMES = ("train", "validation", "test")


@pytest.fixture
def channels(tmp_path):
    folder = tmp_path / "given"
    for number, name in enumerate(NAMES):
        make_channel(folder / name, f"{name}-1", f"{name}-2", first_bitmap=100 * number)
    return folder


def fetched(source, output, **flags):
    return run_here("fetch.py", {"input": source, "output": output, **flags})


def test_channels_are_copied_as_they_are(channels, tmp_path):
    assert fetched(channels, tmp_path / "made").status == 0
    manifest = json.loads((tmp_path / "made/manifest.json").read_text())
    for name in NAMES:
        before = read_channel(channels / name, labelled=True)
        after = read_channel(tmp_path / "made" / name, labelled=True)
        assert after.fingerprint == before.fingerprint
        assert manifest["channels"][name] == {
            "streams": 2,
            "documents": 8,
            "pages": 16,
            "classes": {"invoice": 8, "letter": 8},
            "fingerprint": before.fingerprint,
        }


def test_one_channel_is_split_the_same_way_each_time(tmp_path):
    make_channel(tmp_path / "all", *(f"s{number}" for number in range(5)))
    for copy in ("one", "other"):
        assert fetched(tmp_path / "all", tmp_path / copy, split="0.2,0.2", seed=3).status == 0
    assert files_below(tmp_path / "one") == files_below(tmp_path / "other")
    sizes = [len(read_channel(tmp_path / "one" / name)) for name in NAMES]
    assert sizes == [24, 8, 8]


def test_requests_are_the_test_streams_without_their_labels(channels, tmp_path):
    assert fetched(channels, tmp_path / "made").status == 0
    requests = sorted((tmp_path / "made/requests").iterdir())
    assert [request.name for request in requests] == ["00001.jsonl", "00002.jsonl"]
    test = read_channel(channels / "test", labelled=True)
    sent = [json.loads(line) for file in requests for line in file.read_text().splitlines()]
    assert [(page["stream"], page["page"]) for page in sent] == test.keys
    for page, of_channel in zip(sent, test.pages, strict=True):
        assert set(page) == {"stream", "page", "text", "image"}
        assert page["text"] == of_channel.text
        assert base64.b64decode(page["image"]) == test.image_path(of_channel).read_bytes()


def test_what_training_would_refuse_is_refused_before_it_costs_anything(channels, tmp_path):
    make_channel(tmp_path / "twice", "train-1", "x")
    (channels / "test").rename(tmp_path / "old")
    (tmp_path / "twice").rename(channels / "test")
    outcome = fetched(channels, tmp_path / "made")
    assert outcome.status == 1
    assert "train-1" in outcome.err
    assert not (tmp_path / "made/manifest.json").exists()


def test_a_folder_without_channels_is_refused(channels, tmp_path):
    (channels / "test/pages.jsonl").unlink()
    outcome = fetched(channels, tmp_path / "made")
    assert outcome.status == 1
    assert "neither pages.jsonl nor a channel in test" in outcome.err


@pytest.mark.parametrize("split", ["0.5", "0.5,0.6", "0,0.1", "a,b"])
def test_impossible_shares_are_refused(channels, tmp_path, split):
    assert fetched(channels, tmp_path / "made", split=split).status == 2


def test_from_s3_to_s3(channels, tmp_path, monkeypatch):
    keys = {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with mock_aws():
        s3 = boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        s3.create_bucket(Bucket="ours")
        for path in channels.rglob("*"):
            if path.is_file():
                s3.upload_file(str(path), "ours", f"given/{path.relative_to(channels)}")
        s3.put_object(Bucket="ours", Key="given/", Body=b"")  # as the console makes a folder
        outcome = run_here(
            "fetch.py", {"input": "s3://ours/given", "output": "s3://ours/made/"}, **keys
        )
        assert outcome.status == 0, outcome.err
        found = s3.list_objects_v2(Bucket="ours", Prefix="made/")["Contents"]
        copied = {
            entry["Key"].removeprefix("made/"): s3.get_object(Bucket="ours", Key=entry["Key"])[
                "Body"
            ].read()
            for entry in found
        }
        nothing = run_here("fetch.py", {"input": "s3://ours/none", "output": "s3://ours/x"}, **keys)
    assert fetched(channels, tmp_path / "made").status == 0
    here = {
        path.relative_to(tmp_path / "made").as_posix(): path.read_bytes()
        for path in (tmp_path / "made").rglob("*")
        if path.is_file()
    }
    source = here.pop("manifest.json"), copied.pop("manifest.json")
    assert copied == here
    assert json.loads(source[0])["channels"] == json.loads(source[1])["channels"]
    assert nothing.status == 1
    assert "s3://ours/none holds nothing" in nothing.err
