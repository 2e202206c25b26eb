from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from tests.builders import make_job
from tests.contract.programs import BIN, SRC, environment

from common.job import toolkit
from common.job.errors import ClientError
from common.job.folders import Folders
from common.job.toolkit import give_to_owners, run_as_own


def train(base: Path, program: str | None, **others: object) -> subprocess.Popen[str]:
    """Sagemaker-training's `train` with our hook."""
    values = {} if program is None else {"sagemaker_program": program}
    make_job(base, {**values, **{name: str(value) for name, value in others.items()}}, ())
    variables = environment(
        SAGEMAKER_BASE_DIR=str(base),
        HOME=str(base),
        SAGEMAKER_TRAINING_MODULE="common.job.toolkit:main",
        PYTHONPATH=str(SRC),
    )
    return subprocess.Popen([str(BIN / "train")], env=variables, text=True)


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (None, "ClientError: hyperparameter 'sagemaker_program': must be one of train_text.py, "),
        ("predict.py", "ClientError: hyperparameter 'sagemaker_program': must be one of"),
        ("train_text.py", "ClientError: channel 'train' is missing (given: none)."),
    ],
)
def test_the_failure_file_begins_with_the_cause(tmp_path, program, told):
    assert train(tmp_path, program).wait(timeout=120) == 1
    assert (tmp_path / "output/failure").read_text().startswith(told)
    assert not (tmp_path / "output/success").exists()


def run_script(tmp_path: Path, script: str) -> subprocess.Popen[str]:
    """`run_as_own` in a process of its own, running a script; prints the status that it returns."""
    (tmp_path / "script.py").write_text(script)
    code = (
        "import sys; from common.job.toolkit import run_as_own;"
        "print(run_as_own([sys.executable, sys.argv[1]], {'SAID': 'yes'}))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "script.py")],
        env={**os.environ, "PYTHONPATH": str(SRC)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_program_is_given_its_variables_and_its_status_is_told(tmp_path):
    script = "import os, sys; sys.exit(7 if os.environ['SAID'] == 'yes' else 1)"
    assert run_script(tmp_path, script).communicate(timeout=60)[0] == "7\n"


def test_how_a_program_was_killed_is_told(tmp_path):
    script = "import os; os.kill(os.getpid(), 9)"
    assert run_script(tmp_path, script).communicate(timeout=60)[0] == "-9\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_reach_the_program(tmp_path, number):
    ready = tmp_path / "ready"
    script = f"""
import signal, sys, time, pathlib
signal.signal({int(number)}, lambda *_: sys.exit(5))
pathlib.Path({json.dumps(str(ready))}).touch()
time.sleep(60)
"""
    running = run_script(tmp_path, script)
    while not ready.exists():
        time.sleep(0.05)
    running.send_signal(number)
    assert running.communicate(timeout=30)[0] == "5\n"


def test_a_signal_that_comes_while_the_program_is_started_is_not_lost(monkeypatch):
    start = subprocess.Popen

    def slow(command, **rest):
        os.kill(os.getpid(), signal.SIGTERM)
        return start(command, **rest)

    monkeypatch.setattr(subprocess, "Popen", slow)
    assert run_as_own(["sleep", "60"], {}) == -signal.SIGTERM


def test_no_temporary_folder_is_told_with_what_to_add(monkeypatch):
    def none() -> str:
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    with pytest.raises(ClientError, match=r"no temporary folder can be written.*--tmpfs /tmp"):
        toolkit._see_temporary_folder()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_wrote_belongs_to_the_folders_owner(tmp_path):
    folders = Folders(
        tmp_path / "model", tmp_path / "output/data", checkpoints=tmp_path / "checkpoints/algo-1"
    )
    for folder in (folders.model / "deep", folders.output_data, folders.checkpoints):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    for mounted in (folders.model, folders.checkpoints.parent):
        os.chown(mounted, 1234, 1234)
    give_to_owners(folders)
    assert (folders.model / "deep/file").stat().st_uid == 1234
    assert (folders.checkpoints / "file").stat().st_uid == 1234
    assert (folders.output_data / "file").stat().st_uid == 0
