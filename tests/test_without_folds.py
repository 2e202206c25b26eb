"""What a base job leaves where it is asked for less than all."""

import pytest
from tests.contract.programs import run_here
from tests.sample import SAMPLE

from common.models.artifacts import load_image, load_text


@pytest.mark.parametrize(
    ("kind", "load", "least"),
    [
        ("text", load_text, {}),
        ("image", load_image, {"height": 64, "width": 48, "depth": 2}),
    ],
)
def test_without_folds_nothing_is_said_of_train(tmp_path, kind, load, least):
    folders = {"model-dir": tmp_path / "model", "output-data-dir": tmp_path / "output"}
    channels = {name: SAMPLE / name for name in ("train", "validation")}
    outcome = run_here(
        f"train_{kind}.py", {**channels, **folders, **least, "epochs": 1, "folds": 0}
    )
    assert outcome.status == 0, outcome.err
    written = [file.name for file in (tmp_path / "output/page_outputs").iterdir()]
    assert written == ["validation.npz"]
    assert len(load(tmp_path / "model").classes) == 8
