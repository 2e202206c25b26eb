"""SIGTERM: what the platform sends two minutes before it takes the machine away."""

import signal
import subprocess
import sys

import pytest
from tests.builders import make_channel, make_job
from tests.contract.programs import SRC, environment, files_below

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["text", "image"])
def test_a_job_that_is_ended_fails_and_leaves_nothing_half_written(tmp_path, kind):
    base = make_job(tmp_path, {"epochs": "1000", "folds": "2"}, ["train", "validation"])
    make_channel(base / "input/data/train", "a", "b")
    make_channel(base / "input/data/validation", "c")
    job = subprocess.Popen(
        [sys.executable, str(SRC / f"train_{kind}.py")],
        env=environment(SAGEMAKER_BASE_DIR=str(base), TMPDIR=str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert job.stdout.readline().startswith("train:loss=")  # it is at it
    job.send_signal(signal.SIGTERM)
    err = job.communicate(timeout=60)[1]
    cause = "AlgorithmError: interrupted: the platform ended the job (SIGTERM)"
    assert job.returncode == 1
    assert err.splitlines()[-1] == cause
    assert "Traceback" not in err
    left = files_below(tmp_path)
    assert {name for name in left if not name.startswith("input/")} == {"output/failure"}
    assert (base / "output/failure").read_text().splitlines()[0] == cause
