"""Predictions of files as people have them."""

import json
import shutil

import pypdfium2 as pdfium
import pytest
from tests.contract.programs import run
from tests.sample import SAMPLE

from common.pages.channel import read_channel
from common.results.predictions import read_predictions

pytestmark = pytest.mark.slow

PDF = SAMPLE.parent / "pdf" / "bank_statement.pdf"
CATEGORIES = ("Kaufvertrag", "Sonstiges", "Begleitschreiben", "Ausweis", "Expose", "BWA")


@pytest.fixture
def model(plain):
    return plain["sequence"].folder / "model"


def test_a_pdf_becomes_documents(model, tmp_path):
    classes = json.loads((model / "manifest.json").read_text())["classes"]
    rows = [f"{name},{CATEGORIES[place % 6]}" for place, name in enumerate(classes)]
    (tmp_path / "map.csv").write_text("\n".join(["label,category", *rows]))
    arguments = {
        "model": model,
        "input": PDF,
        "output": tmp_path / "out",
        "split": tmp_path / "parts",
        "report": tmp_path / "report.html",
        "format": "europace",
        "categories": tmp_path / "map.csv",
        "ocr": "none",
    }
    outcome = run("predict.py", arguments)
    assert outcome.status == 0, outcome.err
    segments = read_predictions(tmp_path / "out").segments
    table = outcome.out.splitlines()[1:]
    assert len(table) == len(segments)
    for line, segment in zip(table, segments, strict=True):
        assert [segment.label, f"{segment.confidence:.3f}", segment.status] == line.split()[2:5]
    lengths = {}
    for file in (tmp_path / "parts").iterdir():
        with pdfium.PdfDocument(file) as document:
            lengths[file.name] = len(document)
    assert lengths == {
        f"bank_statement-{each.document:03}-{each.label}.pdf": each.last_page - each.first_page + 1
        for each in segments
    }
    assert sum(lengths.values()) == 5
    pages = json.loads((tmp_path / "out" / "europace.json").read_text())
    assert [page["seite"] for page in pages] == [1, 2, 3, 4, 5]
    assert all("Sonstiges" not in page["klassifizierung"]["kategorien"] for page in pages)
    report = (tmp_path / "report.html").read_text()
    assert report.count("data:image/jpeg") == 2 * 5  # of each page a small one and a large one
    assert all(segment.label in report for segment in segments)


def test_a_file_without_output_is_only_told(model, tmp_path):
    outcome = run("predict.py", {"model": model, "input": PDF, "ocr": "none"})
    assert outcome.status == 0, outcome.err
    assert outcome.out.startswith("stream")
    assert list(tmp_path.iterdir()) == []


def test_a_batch_is_compared_with_what_training_saw(model, tmp_path):
    arguments = {"model": model, "input": SAMPLE / "test", "drift": tmp_path / "drift"}
    outcome = run("predict.py", arguments)
    assert outcome.status == 0, outcome.err
    found = json.loads((tmp_path / "drift/drift.json").read_text())
    last = outcome.out.splitlines()[-1]
    assert all(
        f"{name} {each['psi']:.2f} ({each['verdict']})" in last for name, each in found.items()
    )
    labelled = [read_channel(SAMPLE / name, labelled=True) for name in ("train", "validation")]
    documents = [each.label for channel in labelled for each in channel.documents]
    mix = {each["bin"]: each["training"] for each in found["label"]["bins"]}
    assert mix == {name: documents.count(name) for name in mix}
    assert sum(mix.values()) == len(documents)
    table = len(outcome.out.splitlines()) - 2
    assert [sum(bin["now"] for bin in each["bins"]) for each in found.values()] == [table] * 4
    assert (tmp_path / "drift/drift.svg").read_text().startswith("<svg")


def test_an_ensemble_that_knows_nothing_of_training_is_not_compared(model, tmp_path):
    copy = shutil.copytree(model, tmp_path / "model")
    (copy / "sequence/reference.json").unlink()
    manifest = json.loads((copy / "manifest.json").read_text())
    del manifest["files"]["sequence/reference.json"]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    arguments = {"model": copy, "input": SAMPLE / "test", "drift": tmp_path / "drift"}
    outcome = run("predict.py", arguments)
    assert outcome.status == 1
    assert "Train it anew" in outcome.err
    assert not (tmp_path / "drift").exists()


def test_a_prepared_channel_says_what_its_file_says(model, tmp_path):
    prepared = {"input": PDF, "output": tmp_path / "channel", "ocr": "none"}
    assert run("prepare.py", prepared).status == 0
    assert len(read_channel(tmp_path / "channel")) == 5
    told = [
        run("predict.py", {"model": model, "input": given, "ocr": "none"}).out
        for given in (PDF, tmp_path / "channel")
    ]
    assert told[0] == told[1]


def test_parts_are_not_written_into_what_is_read(model, tmp_path):
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "one.pdf").write_bytes(PDF.read_bytes())
    arguments = {"model": model, "input": tmp_path / "given", "split": tmp_path / "given" / "parts"}
    outcome = run("predict.py", arguments)
    assert outcome.status == 1
    assert f"--split ({tmp_path}/given/parts) lies in --input" in outcome.err
