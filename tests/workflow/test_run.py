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
    assert in_use(tasks) == before
