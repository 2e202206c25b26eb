"""Jobs on several hosts, which here are loopback addresses of one machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.builders import make_channel, make_job
from tests.contract.ensembles import CHANNELS
from tests.contract.programs import SRC, environment, files_below
from tests.contract.test_toolkit import lay_out, run_job
from tests.hosts import host_names

from common.models.artifacts import load_image
from common.pages.channel import read_channel
from common.pages.outputs import read_page_outputs

pytestmark = pytest.mark.slow


def test_four_hosts_train_one_model_and_the_first_writes_it(tmp_path):
    """That all have the same parameters is checked by the job itself, after every epoch."""
    names = host_names(4)
    bases = [
        lay_out(
            tmp_path / name,
            "image",
            str,
            CHANNELS,
            names,
            place,
            epochs=2,
            batch_size=4,
            fold_ensemble=True,
        )
        for place, name in enumerate(names)
    ]
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(run_job, bases))
    first, *others = zip(bases, outcomes, strict=True)
    for base, outcome in others:
        assert not files_below(base / "model")
        assert not files_below(base / "output/data")
        assert "validation:" not in outcome.out
        assert "has done its part" in outcome.err
    base, outcome = first
    assert outcome.out.count("validation:loss=") == 3  # of two epochs, and of what was kept
    assert len(load_image(base / "model").nets) == 1 + 2  # those of the folds were sent to it
    history = json.loads((base / "model/history.json").read_text())
    train = read_channel(CHANNELS["train"])
    assert len(history["learning_rate"]) == 2 * (len(train) // 16)
    for name, folder in CHANNELS.items():
        outputs = read_page_outputs(base / f"output/data/page_outputs/{name}.npz")
        assert outputs.keys == read_channel(folder).keys
    assert np.isfinite(outputs.probabilities).all()


@dataclass(frozen=True)
class Running:
    """The program of one of two hosts."""

    base: Path
    process: subprocess.Popen

    @property
    def failure(self) -> str:
        return (self.base / "output/failure").read_text()


def start_two(tmp_path, names, epochs, told, checkpoints=None):
    """Both at work, after the first has told of so many epochs."""
    settings = {"epochs": str(epochs), "folds": "2", "height": "64", "width": "48", "depth": "3"}
    hosts = []
    for place, name in enumerate(names):
        base = make_job(tmp_path / name, settings, CHANNELS, names, place)
        if checkpoints:
            (base / "checkpoints").symlink_to(checkpoints)
        for channel, folder in CHANNELS.items():
            (base / "input/data" / channel).symlink_to(folder)
        process = subprocess.Popen(
            [sys.executable, str(SRC / "train_image.py")],
            env=environment(
                SAGEMAKER_BASE_DIR=str(base), OMP_NUM_THREADS="1", SM_CURRENT_HOST=name
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        hosts.append(Running(base, process))
    for _ in range(told):
        while not hosts[0].process.stdout.readline().startswith("validation:last_page_accuracy="):
            assert hosts[0].process.poll() is None
    return hosts


@pytest.mark.parametrize(
    ("epochs", "told", "victim"),
    [(1000, 1, 1), (3, 3, 0)],
    ids=["another in the middle", "the first at the end"],
)
def test_when_a_host_is_killed_the_others_end_and_name_it(tmp_path, epochs, told, victim):
    names = host_names(2)
    hosts = start_two(tmp_path, names, epochs, told)
    killed, other = hosts[victim], hosts[1 - victim]
    killed.process.kill()
    for host in hosts:
        host.process.communicate(timeout=60)
    assert other.process.returncode == 1
    cause = f"AlgorithmError: host '{names[victim]}' is gone: its connection closed"
    assert other.failure.startswith(cause)
    assert not files_below(other.base / "model")


def test_hosts_of_which_one_is_asked_to_end_go_on_to_what_they_would_have_come_to(tmp_path):
    def left_by(run, names, told=0, checkpoints=None):
        hosts = start_two(tmp_path / run, names, 3, told, checkpoints)
        if told:
            hosts[1].process.send_signal(signal.SIGTERM)
        for host in hosts:
            host.process.communicate(timeout=120)
        return hosts, files_below(hosts[0].base / "model") | files_below(
            hosts[0].base / "output/data"
        )

    (tmp_path / "checkpoints").mkdir()
    names = host_names(2)
    hosts, left = left_by("ended", names, 1, tmp_path / "checkpoints")
    assert not left
    for host in hosts:
        assert host.process.returncode == 1
        assert "the platform ended the job (SIGTERM)" in host.failure
    [newest] = sorted((tmp_path / "checkpoints" / names[0]).rglob("*.zip"))[-1:]
    assert "host-1.npz" in zipfile.ZipFile(newest).namelist()  # it is one in mid-epoch
    _, resumed = left_by("resumed", names, checkpoints=tmp_path / "checkpoints")
    _, whole = left_by("whole", names)
    assert resumed == whole


def test_when_a_parameter_server_is_killed_all_end_and_name_its_host(tmp_path):
    names = host_names(2)
    hosts = start_two(tmp_path, names, 1000, 1)
    pid = hosts[1].process.pid
    [server] = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(int(server), signal.SIGKILL)
    for host in hosts:
        host.process.communicate(timeout=60)
        assert host.process.returncode == 1
        assert f"host '{names[1]}' failed: its parameter server ended with" in host.failure


def test_hosts_that_read_other_pages_are_refused(tmp_path):
    names = host_names(2)
    bases = []
    for place, name in enumerate(names):
        base = make_job(tmp_path / name, {"epochs": "1"}, CHANNELS, names, place)
        make_channel(base / "input/data/train", "ab"[place], "c")
        make_channel(base / "input/data/validation", "z")
        bases.append(base)

    def run(base):
        command = [sys.executable, str(SRC / "train_image.py")]
        return subprocess.run(command, env=environment(SAGEMAKER_BASE_DIR=str(base)), timeout=120)

    with ThreadPoolExecutor(2) as pool:
        assert [done.returncode for done in pool.map(run, bases)] == [1, 1]
    differ = f"hosts '{names[0]}' and '{names[1]}' differ in train. All hosts need the same data: "
    assert (bases[0] / "output/failure").read_text().startswith(f"ClientError: {differ}")
    assert differ in (bases[1] / "output/failure").read_text()
