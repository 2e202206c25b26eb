"""What a user can get wrong: each ends in one screen that says where, and what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.contract.fault_table import FAULTS
from tests.contract.faulty import SMALLEST, cut, flip_a_byte, setting, sound_job
from tests.contract.programs import Outcome, files_below, run, run_here
from tests.labelled import channel_of

from common.job.errors import ClientError
from common.models.artifacts import Ensemble
from common.pages.channel import read_channel
from common.pages.text import normalise
from common.results.predictions import read_predictions

SCREEN = 25  # lines


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> dict[str, Path]:
    """Folders of the three jobs when nothing is wrong."""
    root = tmp_path_factory.mktemp("sound")
    folders: dict[str, Path] = {}
    for kind in SMALLEST:
        job = sound_job(root / f"{kind}-job", kind, folders)
        job.finish()
        outcome = run_here(f"train_{kind}.py", {}, SAGEMAKER_BASE_DIR=str(job.base))
        assert outcome.status == 0, outcome.err
        folders[kind] = root / kind
        shutil.copytree(job.base / "model", root / kind / "model")
        shutil.copytree(job.base / "output/data", root / kind / "output")
    return folders


def bases_of(sound: dict[str, Path]) -> dict[str, Path]:
    return {kind: sound[kind] for kind in ("text", "image")}


def assert_client_error(outcome: Outcome, says: tuple[str, ...]) -> str:
    """Check that a program told of it in one screen; returns the first line."""
    assert outcome.status == 1
    lines_ = outcome.err.splitlines()
    [first] = [line_ for line_ in lines_ if line_.startswith("ClientError: ")]
    message = "\n".join(lines_[lines_.index(first) :])
    for told in says:
        assert told in message
    assert "Traceback" not in outcome.err
    assert len(lines_) <= SCREEN
    assert max(len(line_) for line_ in lines_) < 600
    assert outcome.out == ""  # it had not begun to train
    return first


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_in_the_log_and_in_the_failure_file(sound, tmp_path, fault):
    job = sound_job(tmp_path / "ml", fault.kind, bases_of(sound))
    fault.spoil(job)
    job.finish()
    outcome = run_here(f"train_{fault.kind}.py", {}, SAGEMAKER_BASE_DIR=str(job.base))
    cause = assert_client_error(outcome, fault.says)
    failure = (job.base / "output/failure").read_text(encoding="utf-8")
    assert failure.splitlines()[0] == cause
    assert len(failure) <= 1024
    assert list((job.base / "model").rglob("*")) == []
    assert list((job.base / "output/data").rglob("*")) == []
    assert not [path for path in tmp_path.rglob("*") if path.name == "evil"]


BY_HAND = (
    "unknown, mistyped and out of range together",
    "a broken JSON line",
    "a bomb",
    "an archive with a flipped byte",
)


@pytest.mark.parametrize("name", BY_HAND)
def test_plain_python_tells_the_same(sound, tmp_path, name):
    fault = FAULTS[name]
    job = sound_job(tmp_path / "ml", fault.kind, bases_of(sound))
    fault.spoil(job)
    job.finish()
    channels = {folder.name: folder for folder in (job.base / "input/data").iterdir()}
    places = {"model-dir": tmp_path / "model", "output-data-dir": tmp_path / "output"}
    outcome = run(f"train_{fault.kind}.py", {**channels, **places, **job.hyperparameters})
    assert_client_error(outcome, fault.says)
    assert not (tmp_path / "model").exists()
    assert not (tmp_path / "output").exists()


def test_a_missing_channel_by_hand_names_the_flag(tmp_path):
    places = {"model-dir": tmp_path / "model", "output-data-dir": tmp_path / "output"}
    outcome = run("train_text.py", places)
    assert_client_error(outcome, ("channel 'train' is missing (given: none)", "--train DIR"))


@pytest.mark.parametrize(
    ("flag", "spoil", "says"),
    [
        ("model", shutil.rmtree, ("holds no artifact",)),
        ("model", lambda model: flip_a_byte(model / "sequence/stages.npz"), ("Fetch",)),
        ("model", lambda model: flip_a_byte(model / "text/manifest.json"), ("Fetch",)),
        ("model", lambda model: (model / "image/weights.params").unlink(), ("missing", "Fetch")),
        ("input", shutil.rmtree, ("There is no", "Name a PDF, TIFF, image, ZIP or folder")),
        ("input", lambda folder: cut(folder / "images/c-1.png", 100), ("c-1.png", "Replace")),
        ("input", lambda folder: (folder / "pages.jsonl").write_text("{"), ("line 1", "Correct")),
    ],
)
def test_prediction_has_faults_too(sound, tmp_path, flag, spoil, says):
    arguments = {name: tmp_path / name for name in ("model", "input", "output")}
    shutil.copytree(sound["sequence"] / "model", arguments["model"])
    sound_job(tmp_path / "ml", "text", {})
    shutil.copytree(tmp_path / "ml/input/data/validation", arguments["input"])
    spoil(arguments[flag])
    assert_client_error(run_here("predict.py", arguments), says)
    assert not arguments["output"].exists()


@pytest.mark.parametrize(
    ("output", "flag"),
    [("input", "input"), ("input/new", "input"), ("model", "model"), ("model/text/new", "model")],
)
def test_predictions_overwrite_neither_channel_nor_model(sound, tmp_path, output, flag):
    arguments = {name: tmp_path / name for name in ("model", "input")}
    shutil.copytree(sound["sequence"] / "model", arguments["model"])
    sound_job(tmp_path / "ml", "text", {})
    shutil.copytree(tmp_path / "ml/input/data/validation", arguments["input"])
    before = files_below(tmp_path)
    outcome = run_here("predict.py", {**arguments, "output": tmp_path / output})
    assert_client_error(outcome, (f"--output ({tmp_path / output}) lies in --{flag}", "outside"))
    assert files_below(tmp_path) == before


def test_predictions_are_explained_on_request(sound, tmp_path):
    sound_job(tmp_path / "ml", "text", {})
    places = {"input": tmp_path / "ml/input/data/validation", "output": tmp_path / "output"}
    arguments = {"model": sound["sequence"] / "model", **places, "explain": 3}
    assert run_here("predict.py", arguments).status == 0
    texts = [normalise(page.text).decode() for page in read_channel(places["input"]).pages]
    pages = read_predictions(places["output"]).pages
    assert all(1 <= len(page.because) <= 3 for page in pages)
    for text, page in zip(texts, pages, strict=True):
        words = page.because[0].text.removesuffix(" (head)").removesuffix(" (foot)").split()
        assert all(word.strip("…") in text for word in words)


def test_only_texts_are_explained():
    silent = Ensemble(("x",), text=None, image=None, sequence=None, decision={})
    with pytest.raises(ClientError, match="--explain: the ensemble has no text model"):
        silent.explain(channel_of([("x", ["a"])]), ["x"], 3)


def test_a_base_model_is_no_ensemble(sound, tmp_path):
    places = {name: tmp_path / name for name in ("input", "output")}
    arguments = {"model": sound["text"] / "model", **places}
    says = ("holds a 'text' artifact, expected 'ensemble'",)
    assert_client_error(run_here("predict.py", arguments), says)


def test_the_same_channels_predict_when_nothing_is_wrong(sound, tmp_path):
    sound_job(tmp_path / "ml", "text", {})
    arguments = {
        "model": sound["sequence"] / "model",
        "input": tmp_path / "ml/input/data/validation",
        "output": tmp_path / "output",
    }
    assert run_here("predict.py", arguments).status == 0
    assert "segments.jsonl" in files_below(tmp_path / "output")


def test_training_that_diverges_says_what_to_lower(tmp_path):
    job = sound_job(tmp_path, "image", {})
    wild = setting(max_lr="10", min_lr="10", momentum="0.99", weight_decay="1", epochs="100")
    wild(job)
    job.finish()
    outcome = run("train_image.py", {}, SAGEMAKER_BASE_DIR=str(job.base))
    assert outcome.status == 1
    assert "ClientError: training diverged: in epoch" in outcome.err
    assert "max_lr" in outcome.err
    assert "Traceback" not in outcome.err
    assert list((job.base / "model").rglob("*")) == []
