"""SIGTERM: what the platform sends two minutes before it takes the machine away."""

import signal
import subprocess
import sys

import pytest
from tests.builders import make_channel, make_job
from tests.contract.programs import SRC, environment, files_below

pytestmark = pytest.mark.slow


def what_is_left(base, kind):
    """Names of the job's files after SIGTERM in its training, and its log."""
    make_channel(base / "input/data/train", "a", "b")
    make_channel(base / "input/data/validation", "c")
    with subprocess.Popen(
        [sys.executable, str(SRC / f"train_{kind}.py")],
        env=environment(SAGEMAKER_BASE_DIR=str(base), TMPDIR=str(base)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as job:
        assert job.stdout.readline().startswith("train:loss=")  # it is at it
        job.send_signal(signal.SIGTERM)
        err = job.communicate(timeout=60)[1]
    cause = "AlgorithmError: interrupted: the platform ended the job (SIGTERM)"
    assert job.returncode == 1
    assert err.splitlines()[-1] == cause
    assert "Traceback" not in err
    assert (base / "output/failure").read_text().splitlines()[0] == cause
    return {name for name in files_below(base) if not name.startswith("input/")}, err


@pytest.mark.parametrize("kind", ["text", "image"])
def test_a_job_that_is_ended_fails_and_leaves_nothing_half_written(tmp_path, kind):
    base = make_job(tmp_path, {"epochs": "1000", "folds": "2"}, ["train", "validation"])
    assert what_is_left(base, kind)[0] == {"output/failure"}


@pytest.mark.parametrize("kind", ["text", "image"])
def test_where_there_are_checkpoints_it_keeps_where_it_stood(tmp_path, kind):
    """After the step that it was at; before, after epochs, there were others."""
    settings = {"epochs": "1000", "batch_size": "2"}
    base = make_job(tmp_path, settings, ["train", "validation"])
    (base / "checkpoints").mkdir()
    left, err = what_is_left(base, kind)
    assert "a checkpoint was saved within the epoch" in err
    checkpoints = [name.rpartition("/") for name in left - {"output/failure"}]
    assert len({folder for folder, _, _ in checkpoints}) == 1
    assert all(folder.startswith("checkpoints/") for folder, _, _ in checkpoints)
    files = sorted(file for _, _, file in checkpoints)
    assert len(files) in (1, 2)
    assert all(file.endswith(".zip") for file in files)
