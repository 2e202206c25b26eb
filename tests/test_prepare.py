"""From files to channels, by the program itself."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from tests.builders import make_channel, write_pages
from tests.contract.programs import files_below
from tests.documents.papers import CONTRACT, drawn, encrypted_pdf, slow_pdf, text_page, text_pdf
from tests.objects import bucket

import prepare
from common.pages.channel import read_channel

WORDS = ("notary", "invoice", "salary", "letter", "garden", "bridge", "window", "copper")


def lines(seed):
    """Five lines of a page that no other page has."""
    return [" ".join(WORDS[(seed * 7 + row * 3 + k) % 8] + str(seed + row + k) for k in range(4))
            for row in range(5)]  # fmt: skip


@pytest.fixture
def given(tmp_path):
    """Ten files of four pages, two documents each, and one that cannot be read."""
    folder = tmp_path / "given"
    folder.mkdir()
    for number in range(10):
        pages = [text_page(lines(10 * number + page)) for page in range(4)]
        text_pdf(folder / f"file{number}.pdf", pages)
    encrypted_pdf(folder / "locked.pdf")
    rows = [
        f"file{n}.pdf,1,{1 + n % 3},letter\nfile{n}.pdf,{2 + n % 3},4,invoice" for n in range(10)
    ]
    (tmp_path / "labels.csv").write_text("\n".join(["file,first_page,last_page,label", *rows]))
    return folder


def run(*arguments):
    return prepare.main([str(argument) for argument in [*arguments, "--ocr", "none"]])


def test_labelled_files_become_three_channels(given, tmp_path, capsys):
    out, labels = tmp_path / "out", tmp_path / "labels.csv"
    assert run("--input", given, "--output", out, "--labels", labels, "--describe") == 0
    told = capsys.readouterr()
    assert "locked.pdf: it is encrypted" in told.err
    channels = {name: read_channel(out / name, labelled=True) for name in prepare.CHANNELS}
    streams = [page.stream for channel in channels.values() for page in channel.pages]
    assert len(set(streams)) == 10
    for channel in channels.values():
        assert len(channel) == 4 * len(channel.streams)
        for page in channel.pages:
            number = int(page.stream.removeprefix("file").removesuffix(".pdf"))
            assert page.text == "\n".join(lines(10 * number + page.page - 1))
            assert page.label == ("letter" if page.page <= 1 + number % 3 else "invoice")
            with Image.open(channel.image_path(page)) as image:
                assert max(image.size) == 800
    assert "train: " in told.out
    assert "letter" in told.out
    described = json.loads((out / "description.json").read_text())
    assert sum(found["pages"] for found in described["channels"].values()) == 40
    for each in described["doubtful_labels"] or []:
        line = f"{each['channel']} '{each['stream']}' pages {each['first_page']} to"
        assert line in told.out
    assert any(said in told.out for said in ("look wrong", "looks wrong", "not checked"))
    assert json.loads((out / "refused.json").read_text())[0]["name"] == "locked.pdf"


def test_the_same_seed_gives_the_same_channels(given, tmp_path):
    for name, workers in (("one", 1), ("two", 2)):
        out = tmp_path / name
        flags = ["--labels", tmp_path / "labels.csv", "--workers", workers, "--seed", 3]
        assert run("--input", given, "--output", out, *flags) == 0
    for channel in prepare.CHANNELS:
        one, two = (tmp_path / name / channel / "pages.jsonl" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_what_was_read_is_not_read_again(given, tmp_path, monkeypatch):
    out = tmp_path / "out"
    assert run("--input", given, "--output", out) == 0
    before = (out / "pages.jsonl").read_bytes()
    (out / ".pages" / ".reading-left").mkdir()
    new = text_pdf(given / "new.pdf", [text_page(lines(999))])
    read = []
    pages = prepare.Reader.pages
    monkeypatch.setattr(
        prepare.Reader, "pages", lambda self, path: read.append(path) or pages(self, path)
    )
    assert run("--input", given, "--output", out) == 0
    assert sorted(read) == [given / "locked.pdf", new]  # what cannot be read is tried again
    added = (out / "pages.jsonl").read_bytes().removeprefix(before)
    assert json.loads(added)["stream"] == "new.pdf"
    assert not list(out.glob(".pages/.reading-*"))


def test_folders_name_the_classes(tmp_path):
    for stream in "abc":
        for place, label in enumerate(("letter", "invoice", "letter"), start=1):
            folder = tmp_path / "given" / f"dossier {stream}" / label
            folder.mkdir(parents=True, exist_ok=True)
            seed = 100 * ord(stream) + 10 * place
            pages = [text_page(lines(seed + page)) for page in range(place)]
            text_pdf(folder / f"{place}.pdf", pages)
    assert run("--input", tmp_path / "given", "--output", tmp_path / "out", "--label-folders") == 0
    channel = read_channel(tmp_path / "out" / "train", labelled=True)
    assert channel.labels == ["letter", "invoice", "invoice", "letter", "letter", "letter"]
    assert [len(document.rows) for document in channel.documents] == [1, 2, 3]
    assert [page.page for page in channel.pages] == [1, 2, 3, 4, 5, 6]


def test_a_blank_page_between_documents_ends_the_first(tmp_path):
    (tmp_path / "given").mkdir()
    for name in "abc":
        pages = [drawn([]), drawn(), drawn([]), drawn(), drawn()]
        file = tmp_path / "given" / f"{name}.tif"
        pages[0].save(file, save_all=True, append_images=pages[1:])
    rows = [f"{name}.tif,2,2,letter\n{name}.tif,4,5,invoice" for name in "abc"]
    (tmp_path / "l.csv").write_text("\n".join(["file,first_page,last_page,label", *rows]))
    out = tmp_path / "out"
    assert run("--input", tmp_path / "given", "--output", out, "--labels", tmp_path / "l.csv") == 0
    channel = read_channel(out / "train", labelled=True)
    assert channel.labels == ["letter", "letter", "letter", "invoice", "invoice"]
    assert [page.blank for page in channel.pages] == [True, False, True, False, False]


def test_pages_that_nobody_labelled_are_named(given, tmp_path, capsys):
    (tmp_path / "labels.csv").write_text("file,first_page,last_page,label\nfile1.pdf,3,3,letter\n")
    out, labels = tmp_path / "out", tmp_path / "labels.csv"
    assert run("--input", given, "--output", out, "--labels", labels) == 1
    told = capsys.readouterr().err
    assert "'file1.pdf': pages 1 to 2 have no label." in told
    assert "'file1.pdf': pages 4 to 4 have no label." in told


def test_a_file_is_read_upright_by_ocr(tesseract, tmp_path):
    drawn().rotate(180).save(tmp_path / "scan.jpg")
    arguments = ["--input", tmp_path / "scan.jpg", "--output", tmp_path / "out"]
    assert prepare.main([str(argument) for argument in arguments]) == 0
    [page] = read_channel(tmp_path / "out").pages
    assert page.rotation == 180
    assert CONTRACT[0] in page.text


def test_nothing_that_can_be_read_is_an_error(tmp_path, capsys):
    (tmp_path / "given").mkdir()
    assert run("--input", tmp_path / "given", "--output", tmp_path / "out") == 1
    encrypted_pdf(tmp_path / "given" / "locked.pdf")
    assert run("--input", tmp_path / "given", "--output", tmp_path / "out") == 1
    assert "locked.pdf: it is encrypted" in capsys.readouterr().err


def test_reading_needs_no_mxnet(tmp_path):
    code = "import sys, prepare; sys.exit(any(name.startswith('mxnet') for name in sys.modules))"
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert os.spawnve(os.P_WAIT, sys.executable, command, environment) == 0


def test_an_interrupted_run_ends_soon_and_goes_on_where_it_was(tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    text_pdf(folder / "a.pdf", [text_page(lines(1))])
    slow_pdf(folder / "b.pdf")
    program = Path(prepare.__file__)
    out = tmp_path / "out"
    flags = ["--input", folder, "--output", out, "--ocr", "none", "--workers", "1"]
    command = [sys.executable, program, *flags]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not list(out.glob(".pages/*/pages.jsonl")):
        assert running.poll() is None
        time.sleep(0.05)
    running.terminate()
    _, told = running.communicate(timeout=50)  # b.pdf alone would take 60 s
    assert running.returncode != 0
    assert "interrupted" in told
    slow_pdf(folder / "b.pdf", times=2)
    assert run("--input", folder, "--output", out) == 0
    assert [page.stream for page in read_channel(out).pages] == ["a.pdf", "b.pdf"]


def labels_csv(tmp_path, *rows):
    file = tmp_path / "corrections.csv"
    file.write_text("\n".join(["file,first_page,last_page,label", *rows]))
    return file


def by_stream(out):
    """(label, document) of each page, by stream, over all channels of an output."""
    found = {}
    for name in prepare.CHANNELS:
        for page in read_channel(out / name, labelled=True).pages:
            found.setdefault(page.stream, []).append((page.label, page.document))
    return found


def test_corrections_of_a_channel_and_new_files_become_training_data(tmp_path, capsys):
    records = make_channel(tmp_path / "channel", *"abcd")
    text_pdf(tmp_path / "new.pdf", [text_page(lines(page)) for page in range(3)])
    text_pdf(tmp_path / "unsaid.pdf", [text_page(lines(9))])
    corrections = labels_csv(tmp_path, "b,1,5,contract", "b,6,8,letter", "new.pdf,1,3,invoice")
    out = tmp_path / "out"
    places = tmp_path / "channel", tmp_path / "new.pdf", tmp_path / "unsaid.pdf"
    assert run("--input", *places, "--output", out, "--labels", corrections) == 0
    found = by_stream(out)
    assert found.pop("b") == [("contract", "b#1")] * 5 + [("letter", "b#2")] * 3
    assert found.pop("new.pdf") == [("invoice", "new.pdf#1")] * 3
    kept = {}
    for record in records:
        kept.setdefault(record["stream"], []).append((record["label"], record["document"]))
    del kept["b"]
    assert found == kept
    told = capsys.readouterr().err
    assert "corrections.csv labels 2 of 6 streams" in told
    assert "left out 1 streams that have no label" in told
    bitmaps = {(record["stream"], record["page"]): record["image"] for record in records}
    for name in prepare.CHANNELS:
        channel = read_channel(out / name)
        for page in channel.pages:
            if page.key in bitmaps:
                before = tmp_path / "channel" / bitmaps[page.key]
                assert channel.image_path(page).read_bytes() == before.read_bytes()


def test_a_channel_without_labels_gets_those_that_are_given(tmp_path):
    for record in (records := make_channel(tmp_path / "channel", *"abcd")):
        record.update(document=None, label=None)
    del records[0]["image"]
    write_pages(tmp_path / "channel", records)
    rows = labels_csv(tmp_path, *(f"{stream},1,8,letter" for stream in "abc"))
    out = tmp_path / "out"
    assert run("--input", tmp_path / "channel", "--output", out, "--labels", rows) == 0
    assert {name: len(pages) for name, pages in by_stream(out).items()} == {"a": 8, "b": 8, "c": 8}
    assert run("--input", tmp_path / "channel", "--output", out) == 0  # as it is, in one channel
    assert len(read_channel(out)) == 32


def test_a_stream_that_is_labelled_in_part_is_refused(tmp_path, capsys):
    make_channel(tmp_path / "channel", *"abc")
    rows = labels_csv(tmp_path, "b,1,2,letter")
    flags = "--output", tmp_path / "out", "--labels", rows
    assert run("--input", tmp_path / "channel", *flags) == 1
    assert "'b': pages 3 to 8 have no label." in capsys.readouterr().err
    rows = labels_csv(tmp_path, "b,1,9,letter", "z,1,8,letter")
    assert run("--input", tmp_path / "channel", *flags) == 1
    told = capsys.readouterr().err
    assert "must be a page from 1 to 8" in told
    assert "there is no file or stream 'z'" in told


def test_equal_names_of_streams_and_of_bitmaps_are_told_apart(tmp_path, capsys):
    make_channel(tmp_path / "one", *"abc")
    records = make_channel(tmp_path / "other", "c", first_bitmap=100)
    out = tmp_path / "out"
    assert run("--input", tmp_path / "one", tmp_path / "other", "--output", out) == 1
    assert "Stream 'c' is given twice." in capsys.readouterr().err
    other = [{**record, "stream": "d"} for record in records]
    write_pages(tmp_path / "other", other)  # with the bitmaps' names of the first channel
    flags = "--output", out, "--split", "100/0/0"
    assert run("--input", tmp_path / "one", tmp_path / "other", *flags) == 0
    channel = read_channel(out / "train")
    [*pages] = (page for page in channel.pages if page.stream == "d")
    for page, record in zip(pages, other, strict=True):
        before = tmp_path / "other" / record["image"]
        assert channel.image_path(page).read_bytes() == before.read_bytes()


@pytest.mark.parametrize("place", ["data", "data/train", "data/train/new"])
def test_a_channel_that_would_be_overwritten_is_not_read(tmp_path, capsys, place):
    make_channel(tmp_path / "data/train", *"abcd")
    before = files_below(tmp_path / "data")
    assert run("--input", tmp_path / "data/train", "--output", tmp_path / place) == 1
    assert "would overwrite" in capsys.readouterr().err
    assert files_below(tmp_path / "data") == before


def test_an_earlier_runs_channels_do_not_stay(given, tmp_path):
    out, labels = tmp_path / "out", tmp_path / "labels.csv"
    (out / "test").mkdir(parents=True)
    (out / "test/notes.txt").write_text("mine")
    flags = "--input", given, "--output", out, "--labels", labels
    assert run(*flags) == 0
    assert run(*flags, "--split", "80/20/0") == 0
    assert sorted(out.glob("*/pages.jsonl")) == [
        out / "train/pages.jsonl",
        out / "validation/pages.jsonl",
    ]
    assert [path.name for path in (out / "test").iterdir()] == ["notes.txt"]
    assert run("--input", given, "--output", out) == 0
    assert not list(out.glob("*/pages.jsonl"))
    assert len(read_channel(out)) == 40


def test_a_channel_that_nobody_prepared_stays(given, tmp_path):
    make_channel(tmp_path / "out/test", "mine")
    flags = "--labels", tmp_path / "labels.csv", "--split", "80/20/0"
    for _ in range(2):
        assert run("--input", given, "--output", tmp_path / "out", *flags) == 0
        assert len(read_channel(tmp_path / "out/test")) == 8


def test_objects_on_s3_are_read(tmp_path):
    text_pdf(tmp_path / "a.pdf", [text_page(lines(1))])
    make_channel(tmp_path / "channel", "b")
    with bucket("ours") as s3:
        s3.upload_file(str(tmp_path / "a.pdf"), "ours", "scans/sub/a.pdf")
        for name in files_below(tmp_path / "channel"):
            s3.upload_file(str(tmp_path / "channel" / name), "ours", f"channel/{name}")
        places = "s3://ours/scans", "s3://ours/channel/"
        assert run("--input", *places, "--output", tmp_path / "out") == 0
    channel = read_channel(tmp_path / "out")
    assert [page.stream for page in channel.pages] == ["b"] * 8 + ["sub/a.pdf"]
