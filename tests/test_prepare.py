"""From files to channels, by the program itself."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from tests.documents.papers import CONTRACT, drawn, encrypted_pdf, slow_pdf, text_page, text_pdf

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
