import dataclasses
import json

import pytest
from tests.results.streams import make_channel, make_predictions

import evaluate
from common.pages.channel import write_channel
from common.results import metrics
from common.results.predictions import write_predictions

TRUTH = {"a": [("letter", 2), ("invoice", 1)], "b": [("letter", 1)]}
SAID = {"a": [("letter", 3)], "b": [("letter", 1)]}


@pytest.fixture
def job(tmp_path):
    """Folders with a channel and predictions on it, and the arguments that name them."""
    write_channel(tmp_path / "pages", make_channel(TRUTH).pages)
    write_predictions(tmp_path / "predictions", *make_predictions(SAID))
    return ["--pages", str(tmp_path / "pages"), "--predictions", str(tmp_path / "predictions")]


def test_metrics_are_printed_as_json_and_written(job, tmp_path, capsys):
    status = evaluate.main([*job, "--output", str(tmp_path / "metrics.json")])
    printed = json.loads(capsys.readouterr().out)
    assert status == 0
    assert printed == json.loads((tmp_path / "metrics.json").read_text())
    # One of three true documents is exact, two were predicted: 2·1/(3 + 2). Pages: 3 of 4 right.
    assert printed["metrics"]["segment_f1_with_label"]["value"] == pytest.approx(2 / 5)
    assert printed["metrics"]["page_accuracy"]["value"] == pytest.approx(3 / 4)


def test_a_report_is_written_where_it_is_wanted(job, tmp_path, capsys):
    assert evaluate.main([*job, "--report", str(tmp_path / "out" / "report.html")]) == 0
    assert "<h1>4 pages" in (tmp_path / "out" / "report.html").read_text()
    json.loads(capsys.readouterr().out)


def test_the_report_compares_with_other_predictions(job, tmp_path, capsys):
    write_predictions(tmp_path / "other", *make_predictions(TRUTH))
    report = ["--report", str(tmp_path / "r.html"), "--beside", f"Last year's={tmp_path / 'other'}"]
    assert evaluate.main([*job, *report]) == 0
    capsys.readouterr()
    text = (tmp_path / "r.html").read_text()
    assert "does not beat Last year&#39;s beyond chance" in text


@pytest.mark.parametrize("value", ["folder", "=folder", "name="])
def test_what_is_compared_with_needs_a_name_and_a_folder(job, value, capsys):
    with pytest.raises(SystemExit):
        evaluate.main([*job, "--beside", value])
    assert f"--beside: must be NAME=DIR. Got '{value}' instead" in capsys.readouterr().err


def test_other_predictions_that_lack_pages_end_in_a_client_error(job, tmp_path, capsys):
    write_predictions(tmp_path / "other", *make_predictions({"b": [("letter", 1)]}))
    report = ["--report", str(tmp_path / "r.html"), "--beside", f"x={tmp_path / 'other'}"]
    assert evaluate.main([*job, *report]) == 1
    assert "pages without a prediction: 3" in capsys.readouterr().err


def test_the_report_shows_the_figures_that_were_printed_and_does_not_make_them_anew(
    job, tmp_path, capsys, monkeypatch
):
    made = []

    def measure(comparison, **options):
        made.append(metrics.measure(comparison, **options))
        return made[-1]

    monkeypatch.setattr("common.results.systems.measure", measure)
    file = tmp_path / "report.html"
    assert evaluate.main([*job, "--report", str(file), "--target-precision", "0.5"]) == 0
    assert [one.as_dict() for one in made] == [json.loads(capsys.readouterr().out)]
    assert "50&#8239;% precision" in file.read_text()


def test_the_target_precision_reaches_the_metrics(job, capsys):
    assert evaluate.main([*job, "--target-precision", "0.5"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["target_precision"] == 0.5
    assert printed["metrics"]["coverage_at_precision"]["value"] == 1


@pytest.mark.parametrize("value", ["0", "1.5", "nan", "much"])
def test_a_target_that_is_no_share_is_refused(job, value, capsys):
    with pytest.raises(SystemExit) as stopped:
        evaluate.main([*job, "--target-precision", value])
    assert stopped.value.code == 2
    rule = f"--target-precision: must be a number in the range (0, 1]. Got '{value}' instead"
    assert rule in capsys.readouterr().err


def refused(arguments, capsys):
    status = evaluate.main(arguments)
    captured = capsys.readouterr()
    assert status == 1
    assert captured.out == ""
    assert captured.err.startswith("ClientError: ")
    assert "Traceback" not in captured.err
    return captured.err


def test_predictions_for_other_pages_end_in_a_client_error(job, tmp_path, capsys):
    write_predictions(tmp_path / "predictions", *make_predictions({"a": [("letter", 2)]}))
    message = refused([*job, "--output", str(tmp_path / "metrics.json")], capsys)
    assert "pages without a prediction: 2 (page 3 of stream 'a', page 1 of stream 'b')" in message
    assert "src/predict.py" in message
    assert not (tmp_path / "metrics.json").exists()


def test_pages_without_labels_end_in_a_client_error(job, tmp_path, capsys):
    pages = [dataclasses.replace(page, label=None) for page in make_channel(TRUTH).pages]
    write_channel(tmp_path / "pages", pages)
    assert "field 'label'" in refused(job, capsys)


def test_a_missing_folder_ends_in_a_client_error(job, tmp_path, capsys):
    job[3] = str(tmp_path / "elsewhere")
    assert "elsewhere" in refused(job, capsys)


def test_the_metrics_are_told_even_if_the_report_cannot_be_written(job, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert evaluate.main([*job, "--report", str(tmp_path / "file/report.html")]) == 1
    captured = capsys.readouterr()
    assert "page_accuracy" in json.loads(captured.out)["metrics"]
    assert "ClientError: " in captured.err


def test_a_missing_model_folder_ends_in_a_client_error(job, tmp_path, capsys):
    report = ["--report", str(tmp_path / "r.html"), "--model", str(tmp_path / "none")]
    assert "no model folder" in refused([*job, *report], capsys)
