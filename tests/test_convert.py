"""Files read by several jobs, and made channels of by fetch: what one job would have made."""

import json
import shutil
import zipfile
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from tests.contract.programs import files_below, run_here
from tests.documents.papers import encrypted_pdf, text_page, text_pdf

from common.pages.channel import read_channel

NAMES = ("train", "validation", "test")
HEAD = "file,first_page,last_page,label"


@pytest.fixture
def given(tmp_path):
    """Six files of two documents each, two of them in a folder, and one that cannot be read."""
    folder = tmp_path / "given"
    (folder / "more").mkdir(parents=True)
    rows = [HEAD]
    for number in range(6):
        name = f"more/f{number}.pdf" if number > 3 else f"f{number}.pdf"
        lines = [[f"{word} {number} of this page" for word in "abc"] for _ in range(3)]
        text_pdf(folder / name, [text_page([f"page {n}", *said]) for n, said in enumerate(lines)])
        rows += [f"f{number}.pdf,1,1,letter", f"f{number}.pdf,2,3,invoice"]
    encrypted_pdf(folder / "locked.pdf")
    (folder / "labels.csv").write_text("\n".join([*rows, "locked.pdf,1,1,letter"]))
    return folder


def converted(given, output, shares, which=None, **flags):
    for share in range(shares) if which is None else which:
        places = {"input": given, "labels": Path(given) / "labels.csv", "output": output}
        index = {"AWS_BATCH_JOB_ARRAY_INDEX": str(share)}
        outcome = run_here(
            "convert.py", {**places, "shares": shares, "ocr": "none", **flags}, **index
        )
        if outcome.status:
            break
    return outcome


def fetched(source, output, labels, **flags):
    return run_here("fetch.py", {"input": source, "output": output, "labels": labels, **flags})


def channels_below(folder):
    return {name: mark for name, mark in files_below(folder).items() if name != "manifest.json"}


def test_three_jobs_make_what_one_job_makes(given, tmp_path):
    for shares in (1, 3):
        assert converted(given, tmp_path / f"pages-{shares}", shares).status == 0
        source, labels = tmp_path / f"pages-{shares}", given / "labels.csv"
        assert fetched(source, tmp_path / f"made-{shares}", labels).status == 0
    one, three = (json.loads((tmp_path / f"made-{n}/manifest.json").read_text()) for n in (1, 3))
    assert channels_below(tmp_path / "made-1") == channels_below(tmp_path / "made-3")
    assert three["channels"] == one["channels"]
    assert sum(channel["pages"] for channel in three["channels"].values()) == 18
    assert three["refused_files"] == 1
    [refused] = json.loads((tmp_path / "made-3/refused.json").read_text())
    assert refused["name"] == "locked.pdf"


def test_they_make_what_prepare_makes(given, tmp_path):
    out, labels = tmp_path / "prepared", given / "labels.csv"
    split = {"split": "60/20/20", "seed": 1, "ocr": "none"}
    assert (
        run_here("prepare.py", {"input": given, "labels": labels, "output": out, **split}).status
        == 0
    )
    assert converted(given, tmp_path / "pages", 2).status == 0
    made = tmp_path / "made"
    assert fetched(tmp_path / "pages", made, labels, split="0.2,0.2", seed=1).status == 0
    for name in NAMES:
        ours, theirs = (read_channel(place / name, labelled=True) for place in (made, out))
        of_streams = theirs.stream_fingerprints("image")
        assert ours.stream_fingerprints("image") == of_streams
        assert len(of_streams) > 0
        said = [[(*p.key, p.document, p.label, p.text) for p in c.pages] for c in (ours, theirs)]
        assert sorted(said[0]) == sorted(said[1])


def test_each_job_reads_its_own_share_alone(given, tmp_path):
    assert converted(given, tmp_path / "pages", 3, which=[1]).status == 0
    record = json.loads((tmp_path / "pages/shares/00001.json").read_text())
    # of f0, f1, f2, f3, locked, more/f4, more/f5
    assert (list(record["files"]), list(record["refused"])) == (["f1.pdf"], ["locked.pdf"])
    assert len(list((tmp_path / "pages/pages").iterdir())) == 1


def test_what_a_job_has_not_left_is_not_taken_for_nothing(given, tmp_path):
    assert converted(given, tmp_path / "pages", 3, which=[0, 2]).status == 0
    outcome = fetched(tmp_path / "pages", tmp_path / "made", given / "labels.csv")
    assert outcome.status == 1
    assert "the records of 2 jobs, not of all" in outcome.err
    assert not (tmp_path / "made/manifest.json").exists()


def test_more_jobs_than_files(given, tmp_path):
    assert converted(given, tmp_path / "pages", 9).status == 0
    assert fetched(tmp_path / "pages", tmp_path / "made", given / "labels.csv").status == 0


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("f9.pdf,1,1,letter", "there is no file or stream 'f9.pdf'"),
        ("f0.pdf,0,1,letter", "must be a page from 1 to 5000"),
        ("f0.pdf,1,2,", "field 'label': is empty"),
    ],
)
def test_a_slip_in_the_labels_is_told_before_anything_is_read(given, tmp_path, row, told):
    with (given / "labels.csv").open("a") as labels:
        labels.write(f"\n{row}\n")
    outcome = converted(given, tmp_path / "pages", 2)
    assert outcome.status == 1
    assert told in outcome.err
    assert not (tmp_path / "pages").exists()


def test_labels_that_are_not_there_are_told_by_their_place(given, tmp_path):
    keys = {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with mock_aws():
        credentials = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        s3 = boto3.client("s3", region_name="us-east-1", **credentials)
        s3.create_bucket(Bucket="ours")
        s3.put_object(Bucket="ours", Key="given/f0.pdf", Body=b"")
        for source, labels in (
            ("s3://ours/given/", "s3://ours/l.csv"),
            (given, tmp_path / "l.csv"),
        ):
            places = {"input": source, "labels": labels, "output": tmp_path / "pages"}
            outcome = run_here("convert.py", {**places, "shares": 1}, **keys)
            assert outcome.status == 1
            assert str(labels) in outcome.err
    assert not (tmp_path / "pages").exists()


def test_labels_that_name_a_page_too_many_are_told_by_fetch(given, tmp_path):
    with (given / "labels.csv").open("a") as labels:
        labels.write("\nf0.pdf,4,4,letter\n")
    assert converted(given, tmp_path / "pages", 2).status == 0
    outcome = fetched(tmp_path / "pages", tmp_path / "made", given / "labels.csv")
    assert outcome.status == 1
    assert "must be a page from 1 to 3" in outcome.err
    assert not (tmp_path / "made").exists()


def test_archives_are_of_one_share_and_labelled_all_the_same(given, tmp_path):
    with zipfile.ZipFile(given / "all.zip", "w") as archive:
        for file in (given / "more").iterdir():
            archive.write(file, f"more/{file.name}")
    shutil.rmtree(given / "more")
    assert converted(given, tmp_path / "pages", 2).status == 0
    assert fetched(tmp_path / "pages", tmp_path / "made", given / "labels.csv").status == 0
    manifest = json.loads((tmp_path / "made/manifest.json").read_text())
    assert sum(channel["streams"] for channel in manifest["channels"].values()) == 6


@pytest.mark.parametrize("share", ["3", "-1", "one"])
def test_a_share_that_is_not_there_is_refused(given, tmp_path, share):
    outcome = converted(given, tmp_path / "pages", 3, which=[0], share=share)
    assert outcome.status == 1
    assert f"no share '{share}' of 3" in outcome.err


@pytest.mark.parametrize("shares", [0, -2])
def test_there_must_be_a_share(given, tmp_path, shares):
    outcome = converted(given, tmp_path / "pages", shares, which=[0])
    assert outcome.status != 0
    assert f"must be a whole number from 1. Got '{shares}' instead" in outcome.err
