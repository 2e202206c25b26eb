"""What the text job leaves where it is asked for less than all."""

from tests.contract.programs import run_here
from tests.sample import SAMPLE

from common.models.artifacts import load_text


def test_without_folds_nothing_is_said_of_train(tmp_path):
    folders = {"model-dir": tmp_path / "model", "output-data-dir": tmp_path / "output"}
    channels = {name: SAMPLE / name for name in ("train", "validation")}
    outcome = run_here("train_text.py", {**channels, **folders, "epochs": 1, "folds": 0})
    assert outcome.status == 0, outcome.err
    written = [file.name for file in (tmp_path / "output/page_outputs").iterdir()]
    assert written == ["validation.npz"]
    assert len(load_text(tmp_path / "model").classes) == 8
