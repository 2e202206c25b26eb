"""Whole executions on a laptop: the definition, the programs of the container, tiny channels."""

import json

import pytest
from tests.builders import make_channel
from tests.contract.ensembles import SMALL
from workflow.gate.pointer import POINTER
from workflow.local.__main__ import execute_here
from workflow.local.tasks import BUCKET, LocalTasks

from common.job.archives import open_artifact
from common.models.artifacts import load_ensemble
from common.pages.channel import read_channel

pytestmark = pytest.mark.slow
GIVEN = {
    "data": {"s3_uri": "s3://documents/tiny"},
    **{model: {"HyperParameters": SMALL[model]} for model in ("text", "image")},
    "sequence": {"HyperParameters": {"compare": False}},
    "gate": {"max_segment_ece": 1, "tolerance": 1},
}


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    found = LocalTasks(tmp_path_factory.mktemp("workflow"))
    source = found.s3.path("s3://documents/tiny")
    streams = {"train": 4, "validation": 2, "test": 2}
    for name, count in streams.items():
        names = [f"{name}-{number}" for number in range(count)]
        make_channel(source / name, *names, first_bitmap=100 * len(name))
    return found


@pytest.fixture(scope="module")
def first(tasks):
    return execute_here(GIVEN, tasks, "first", lambda event: None)


def in_use(tasks):
    return json.loads(tasks.s3.path(f"s3://{BUCKET}/{POINTER}").read_text())


def calibration_error(pages, right):
    """Over 15 bins of equal width, written out: docs/metrics.md."""
    bins = [min(int(15 * page["confidence"]), 14) for page in pages]
    error = 0
    for number in set(bins):
        rows = [row for row, place in enumerate(bins) if place == number]
        error += abs(sum(right[row] - pages[row]["confidence"] for row in rows))
    return error / len(pages)


def told(tasks):
    lines = (tasks.folder / "notifications.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_it_ends_with_an_ensemble_that_predicts(tasks, first, tmp_path):
    assert first.status == "SUCCEEDED", first.cause
    decision = first.output["gate"]["decision"]
    assert decision["promoted"] is True
    archive = tasks.s3.path(in_use(tasks)["model_artifact"])
    ensemble = load_ensemble(open_artifact(archive.parent, tmp_path))
    assert set(ensemble.classes) == {"invoice", "letter"}
    assert tasks.s3.path(decision["summary"]).read_text().startswith("# Run ")
    assert told(tasks)[0]["Subject"] == "Model Training succeeded"


def test_the_gate_has_what_the_ensemble_says_of_pages(tasks, first):
    generated = first.output["generated"]
    scored = tasks.s3.path(generated["scoring"]["TransformOutput"]["S3OutputPath"])
    said = [page for file in scored.iterdir() for page in json.loads(file.read_text())["pages"]]
    test = read_channel(tasks.s3.path(generated["data"]["channels"]["test"]), labelled=True)
    labels = dict(zip(test.keys, test.labels, strict=True))
    assert {(page["stream"], page["page"]) for page in said} == set(labels)
    right = [page["label"] == labels[page["stream"], page["page"]] for page in said]
    metrics = json.loads(tasks.s3.path(generated["gate"]["metrics"]).read_text())["metrics"]
    assert metrics["page_accuracy"]["value"] == pytest.approx(sum(right) / len(right))
    assert metrics["page_ece"]["value"] == pytest.approx(calibration_error(said, right))


def test_an_image_model_that_is_skipped_is_that_of_the_last_run(tasks, first):
    given = {**GIVEN, "train_image_model": False}
    again = execute_here(given, tasks, "second", lambda event: None)
    assert again.status == "SUCCEEDED", again.cause
    models = again.output["base_models"]
    assert models["image"] == first.output["base_models"]["image"]
    assert models["text"] != first.output["base_models"]["text"]
    assert in_use(tasks)["before"] == first.output["generated"]["run_id"]


def test_what_a_job_refuses_is_told_in_its_words(tasks, first):
    before = in_use(tasks)
    given = {
        **GIVEN,
        "train_text_model": False,
        "image": {"HyperParameters": {**SMALL["image"], "folds": 1}},
    }
    failed = execute_here(given, tasks, "third", lambda event: None)
    assert failed.status == "FAILED"
    message = told(tasks)[-1]
    assert message["Subject"] == "[ERROR] Model Training failed!"
    assert message["Message"]["state"] == "Base Model Training"
    assert "ClientError: hyperparameters: folds must be 0" in message["Message"]["cause"]
    page = tasks.s3.path(message["Message"]["summary"]["place"]).read_text()
    assert "\n    ClientError: hyperparameters: folds must be 0" in page
    assert "| data | train: " in page
    assert in_use(tasks) == before
