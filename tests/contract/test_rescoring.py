"""An artifact that is not the model that was trained is no success."""

from __future__ import annotations

import json
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest
from tests.contract.ensembles import CHANNELS, SMALL
from tests.contract.programs import files_below, run_here

from common.job.artifact import MANIFEST
from common.job.files import sha256_of, write_json
from common.models import base_results, ensemble_results
from common.models.artifacts import load_text, save_model
from common.models.rescoring import base_outputs, rescore_base
from common.pages.channel import read_channel

pytestmark = pytest.mark.slow


def all_a_little_larger(folder: Path) -> None:
    """Files that load without complaint, and are not what was trained."""
    for file in folder.glob("weights*.params"):
        values = mx.nd.load(str(file))
        mx.nd.save(str(file), {name: value * 1.5 for name, value in values.items()})
    for file in folder.glob("*.npz"):
        arrays = dict(np.load(file))
        np.savez(file, **{k: a * 1.5 if a.dtype.kind == "f" else a for k, a in arrays.items()})


def save_wrong(folder, *others):
    save_model(folder, *others)
    all_a_little_larger(folder)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("text", {}),
        ("image", {}),
        ("sequence", {"compare": "false"}),
        ("sequence", {"compare": "false", "structure": "chain"}),
    ],
    ids=["text", "image", "segmental", "chain"],
)
def test_an_artifact_that_says_something_else_is_refused(
    plain, tmp_path, monkeypatch, kind, settings
):
    for writer in (base_results, ensemble_results):
        monkeypatch.setattr(writer, "save_model", save_wrong)
    bases = {name: plain[name].folder for name in ("text", "image")} if kind == "sequence" else {}
    places = {"model-dir": tmp_path / "model", "output-data-dir": tmp_path / "output"}
    arguments = {**CHANNELS, **places, **bases, **SMALL[kind], **settings}
    outcome = run_here(f"train_{kind}.py", arguments)
    assert outcome.status == 1
    told = "AlgorithmError: the artifact, loaded again, says something else than the model that "
    assert told in outcome.err
    assert files_below(tmp_path / "model") == {}


def test_a_base_model_that_is_not_the_one_that_judged_is_refused(plain, tmp_path, monkeypatch):
    """Its hashes are right: it is another model, not a damaged one."""

    def copy_another(bases, folder):
        copied(bases, folder)
        all_a_little_larger(folder / "text")
        seal(folder / "text")

    copied = ensemble_results.copy_bases
    monkeypatch.setattr(ensemble_results, "copy_bases", copy_another)
    bases = {name: plain[name].folder for name in ("text", "image")}
    places = {"model-dir": tmp_path / "model", "output-data-dir": tmp_path / "output"}
    outcome = run_here("train_sequence.py", {**CHANNELS, **places, **bases, "compare": "false"})
    assert outcome.status == 1
    assert "says something else than the model that was trained" in outcome.err
    assert files_below(tmp_path / "model") == {}


def seal(folder: Path) -> None:
    """Bring a manifest up to the files beside it."""
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"] = {name: sha256_of(folder / name) for name in manifest["files"]}
    write_json(folder / MANIFEST, manifest)


def test_ten_pages_are_enough_and_fewer_will_do(plain):
    model = load_text(plain["text"].folder / "model")
    for pages in (1, 9, 11, 30):
        channel = read_channel(CHANNELS["validation"]).take(range(pages))
        rescore_base(model, channel, base_outputs(model, channel))
