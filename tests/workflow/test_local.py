import json
import sys
import threading

import pytest
from tests.workflow.conftest import BUCKET
from workflow.checks.__main__ import DEFINITION
from workflow.local.folder_s3 import FolderS3
from workflow.local.machine import Event
from workflow.local.picture import mermaid
from workflow.local.processes import environment, run
from workflow.local.tasks import DEPLOYMENT
from workflow.local.watching import outcomes, overlap
from workflow.substitution import substituted


def both(folder, s3):
    """The folder that stands for S3, and moto's S3."""
    (folder / BUCKET).mkdir()
    return FolderS3(folder), s3


def refusal(action, client):
    with pytest.raises(client.exceptions.ClientError) as refused:
        action(client)
    return refused.value.response["Error"]["Code"]


def test_the_folder_refuses_what_s3_refuses(tmp_path, s3):
    def put(**condition):
        return lambda client: client.put_object(Bucket=BUCKET, Key="a/b", Body=b"2", **condition)

    codes = []
    for client in both(tmp_path, s3):
        missing = refusal(lambda c: c.get_object(Bucket=BUCKET, Key="a/b"), client)
        client.put_object(Bucket=BUCKET, Key="a/b", Body=b"1", IfNoneMatch="*")
        there = refusal(put(IfNoneMatch="*"), client)
        other = refusal(put(IfMatch='"0"'), client)
        etag = client.get_object(Bucket=BUCKET, Key="a/b")["ETag"]
        put(IfMatch=etag)(client)
        answer = client.get_object(Bucket=BUCKET, Key="a/b")
        codes.append([missing, there, other, etag, answer["ETag"], answer["Body"].read()])
    assert codes[0] == codes[1]


@pytest.mark.parametrize("prefix", ["", "runs/", "runs/1", "other/"])
def test_the_folder_lists_what_s3_lists(tmp_path, s3, prefix):
    found = []
    for client in both(tmp_path, s3):
        for key in ("runs/1/a", "runs/1/b/c", "runs/2/a", "runs/10/a", "x"):
            client.put_object(Bucket=BUCKET, Key=key, Body=b"")
        flat = client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        heads = client.list_objects_v2(Bucket=BUCKET, Prefix=prefix, Delimiter="/")
        found.append(
            ([e["Key"] for e in flat], [e["Prefix"] for e in heads.get("CommonPrefixes", [])])
        )
    assert found[0] == found[1]


def test_a_uri_cannot_lead_out_of_the_folder(tmp_path):
    assert FolderS3(tmp_path).path("s3://b/k") == tmp_path / "b/k"
    for uri in ("s3://b/../../etc", "/etc/passwd"):
        with pytest.raises(ValueError, match="no S3 URI"):
            FolderS3(tmp_path).path(uri)


def test_a_cancelled_program_is_ended(tmp_path):
    cancelled = threading.Event()
    threading.Timer(1, cancelled.set).start()
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    assert run(command, tmp_path / "log", cancelled, environment()) == -15


def test_placeholders_are_filled_in_as_text():
    raw = json.loads(DEFINITION.read_text("utf-8"))
    filled = substituted(raw, {**DEPLOYMENT, "TrainingImage": 'a"b\\c'})
    image = filled["States"]["Create Model"]["Parameters"]["PrimaryContainer"]["Image"]
    assert image == 'a"b\\c'
    with pytest.raises(KeyError):
        substituted(raw, {})


def event(kind, state, seconds=0.0):
    return Event(kind, state, None, seconds)


def test_outcomes_of_states():
    events = [
        event("StateEntered", "well"),
        event("StateExited", "well"),
        event("StateEntered", "later well"),
        event("StateFailed", "later well"),
        event("StateRetried", "later well"),
        event("StateExited", "later well"),
        event("StateEntered", "caught"),
        event("StateFailed", "caught"),
        event("StateCaught", "caught"),
        event("StateExited", "caught"),
        event("StateEntered", "left"),
    ]
    assert outcomes(events) == {
        "well": "succeeded",
        "later well": "succeeded",
        "caught": "failed",
        "left": "running",
    }


def test_overlap_is_the_time_that_both_were_running():
    events = [
        event("StateEntered", "a", 1),
        event("StateEntered", "b", 3),
        event("StateExited", "a", 7),
        event("StateExited", "b", 9),
    ]
    assert overlap(events, "a", "b") == 4
    assert overlap(events[:3], "a", "b") == 0
    assert overlap([events[0], events[2], *events[1::2]], "a", "c") == 0


def test_the_picture_shows_every_state_by_its_outcome():
    definition = json.loads(DEFINITION.read_text("utf-8"))
    states = definition["States"]
    names = {*states, *(n for b in states["Base Model Training"]["Branches"] for n in b["States"])}
    picture = mermaid(definition, {"Setup": "succeeded", "Setup Complete?": "failed"})
    for name in names:
        assert f'"{name}"' in picture
    assert "  class Setup succeeded\n" in picture
    assert "  class SetupComplete failed\n" in picture
    assert "  class NotifyFailure not_reached\n" in picture
    assert "  Setup ==> SetupComplete\n" in picture
    assert "  Setup -.-> SetupFailed\n" in picture
