"""Checkpoints: a job that is killed, again and again, ends as one that was left in peace.

`KILLS=20 make test PYTEST_ARGS="-k whatever_kills"` kills each job twenty times; it takes minutes.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest
from tests.builders import make_channel
from tests.contract.programs import SRC, environment, files_below, flags, run

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "3"))
# Each job trains three times, each kill lets it go on by two or three epochs, or by more where
# they are too short to be caught in the act.
EPOCHS = 2 * KILLS + 6
SETTINGS = {
    "text": {"epochs": 8 * EPOCHS, "folds": 2},
    "image": {
        "epochs": EPOCHS,
        "folds": 2,
        "fold_ensemble": True,
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

    assert run(f"train_{kind}.py", arguments("whole")).status == 0

    checkpoints = tmp_path / "checkpoints"
    killed = arguments("killed", **{"checkpoint-dir": checkpoints})
    command = [sys.executable, str(SRC / f"train_{kind}.py"), *flags(killed)]
    chance = random.Random(kind)
    moments = cycle((at_random, at_random, while_saving))
    for number, moment in zip(range(KILLS), moments, strict=False):
        with subprocess.Popen(
            command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as job:
            moment(job, checkpoints, chance)
            job.send_signal((signal.SIGTERM, signal.SIGKILL)[number % 2])
            err = job.communicate(timeout=60)[1]
        assert job.returncode in (0, 1, -signal.SIGKILL), err
        if job.returncode == 0:  # on a busy machine its end may come before its moment
            break
    done = run(f"train_{kind}.py", killed)
    assert done.status == 0, done.err
    assert "resumed after epoch" in done.err
    assert files_below(tmp_path / "killed") == files_below(tmp_path / "whole")


def at_random(job: subprocess.Popen, checkpoints: Path, chance: random.Random) -> None:
    """Two new checkpoints are there, and chance has it when, before the next one or after."""
    first = new_checkpoint(job, checkpoints)
    second = new_checkpoint(job, checkpoints)
    time.sleep(chance.uniform(0, 1.5 * (second - first)))


def new_checkpoint(job: subprocess.Popen, checkpoints: Path) -> float:
    """When it was there."""
    before = found(checkpoints, "*.zip")
    wait_for(job, lambda: found(checkpoints, "*.zip") - before)
    return time.monotonic()


def while_saving(job: subprocess.Popen, checkpoints: Path, chance: random.Random) -> None:
    at_random(job, checkpoints, chance)
    wait_for(job, lambda: found(checkpoints, ".saving"))


def found(folder: Path, pattern: str) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob(pattern)}


def wait_for(job: subprocess.Popen, condition: Callable[[], object]) -> None:
    """Until then, or until the job has ended."""
    while not condition() and job.poll() is None:
        time.sleep(0.001)
