"""Checkpoints: a job that is killed, again and again, ends as one that was left in peace."""

import random
import signal
import subprocess
import sys
import time

import pytest
from tests.builders import make_channel
from tests.contract.programs import SRC, environment, files_below, flags, run

pytestmark = pytest.mark.slow

SETTINGS = {
    "text": {"epochs": 25, "folds": 2},
    "image": {
        "epochs": 12,
        "folds": 2,
        "height": 64,
        "width": 48,
        "depth": 3,
        "cycle_length": 3,
        "snapshot_ensemble": 2,
        "schedule": "cosine",
        "momentum": 0.9,
        "cycle_momentum": True,
    },
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_whatever_kills_a_job_the_artifact_is_the_same(tmp_path, kind):
    channels = {"train": tmp_path / "train", "validation": tmp_path / "validation"}
    make_channel(channels["train"], *"abcdef")
    make_channel(channels["validation"], "z")

    def arguments(run_name, **more):
        places = {
            "model-dir": tmp_path / run_name / "m",
            "output-data-dir": tmp_path / run_name / "o",
        }
        return {**channels, **places, **SETTINGS[kind], **more}

    begun = time.monotonic()
    assert run(f"train_{kind}.py", arguments("whole")).status == 0
    duration = time.monotonic() - begun

    chance = random.Random(kind)
    killed = 0
    command = [sys.executable, str(SRC / f"train_{kind}.py")]
    command += flags(arguments("killed", **{"checkpoint-dir": tmp_path / "checkpoints"}))
    while killed < 4:
        job = subprocess.Popen(
            command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            job.communicate(timeout=chance.uniform(0.3, 0.9) * duration)
            break  # it got to the end
        except subprocess.TimeoutExpired:
            job.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM]))
            job.communicate()
            killed += 1
    assert killed
    done = run(
        f"train_{kind}.py", arguments("killed", **{"checkpoint-dir": tmp_path / "checkpoints"})
    )
    assert done.status == 0, done.err
    assert "resumed after epoch" in done.err
    assert files_below(tmp_path / "killed") == files_below(tmp_path / "whole")
