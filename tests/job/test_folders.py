import os
from pathlib import Path

import pytest
from tests.builders import make_job

from common.job.errors import ClientError
from common.job.folders import Folders, container_folders, refuse_unwritable


def test_a_machine_without_sagemakers_folders_has_none(tmp_path):
    assert container_folders({"SAGEMAKER_BASE_DIR": str(tmp_path)}) is None


def test_the_fixed_places_hold_where_no_variable_is_set(tmp_path):
    make_job(tmp_path, {}, [])
    for name in ("train", "text"):
        (tmp_path / "input/data" / name).mkdir()
    (tmp_path / "input/data/train-manifest").touch()
    assert container_folders({"SAGEMAKER_BASE_DIR": str(tmp_path)}) == Folders(
        model=tmp_path / "model",
        output_data=tmp_path / "output/data",
        channels={name: tmp_path / "input/data" / name for name in ("train", "text")},
        failure=tmp_path / "output/failure",
    )


def test_the_toolkits_variables_win(tmp_path):
    make_job(tmp_path, {}, [])
    (tmp_path / "input/data/train").mkdir()
    environment = {
        "SAGEMAKER_BASE_DIR": str(tmp_path),
        "SM_MODEL_DIR": "/m",
        "SM_OUTPUT_DATA_DIR": "/o/d",
        "SM_OUTPUT_DIR": "/o",
        "SM_CHANNEL_TRAIN": "/t",
        "SM_CHANNEL_VALIDATION": "/v",
    }
    assert container_folders(environment) == Folders(
        model=Path("/m"),
        output_data=Path("/o/d"),
        channels={"train": Path("/t"), "validation": Path("/v")},
        failure=Path("/o/failure"),
    )


def test_a_missing_channel_is_named_with_the_ones_given_and_the_remedy():
    folders = Folders(Path("m"), Path("o"), {"train": Path("t"), "test": Path("x")})
    with pytest.raises(ClientError, match=r"'validation' is missing \(given: test, train\)") as e:
        folders.channel("validation")
    assert "InputDataConfig" in str(e.value)
    assert "--validation DIR" in str(e.value)


def test_a_channel_that_is_no_folder_is_named(tmp_path):
    folders = Folders(Path("m"), Path("o"), {"train": tmp_path / "none"})
    with pytest.raises(ClientError, match="none is not a folder"):
        folders.channel("train")


def test_a_channel_that_is_there_is_given(tmp_path):
    assert Folders(Path("m"), Path("o"), {"train": tmp_path}).channel("train") == tmp_path


def test_a_folder_that_cannot_be_written_is_refused_before_there_is_anything_to_write(
    tmp_path, monkeypatch
):
    """Root may write anywhere, but for file systems that are read-only: `access` tells of both."""
    folders = Folders(
        tmp_path / "model", tmp_path / "new/output", checkpoints=tmp_path / "c/algo-1"
    )
    for name in ("model", "c"):
        (tmp_path / name).mkdir()
    refuse_unwritable(folders)
    assert not (tmp_path / "new").exists()
    asked = []

    def access(place, mode):
        asked.append(place)
        return place != tmp_path / "c"

    monkeypatch.setattr(os, "access", access)
    with pytest.raises(ClientError, match=f"^{tmp_path / 'c/algo-1'} cannot be written. Mount it"):
        refuse_unwritable(folders)
    assert asked == [tmp_path / "model", tmp_path, tmp_path / "c"]
