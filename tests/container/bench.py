"""Runs a fault: lays the job out, lets it happen, and sees what is left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.container.engine import ALONE, ENGINE, Container, Ended
from tests.container.faults import Fault
from tests.container.jobs import lay_out, run_job, start_job
from tests.contract.ensembles import CHANNELS
from tests.contract.faulty import setting, sound_job
from tests.contract.programs import files_below

from common.job.artifact import read_manifest, refuse_foreign
from common.job.errors import ClientError

HERE = Path(__file__).parent
SUBNET = f"10.213.{os.getpid() % 256}"  # two runs may meet on a machine
KIND = {"text": "text", "image": "image", "sequence": "ensemble"}
Files = dict[str, str]  # name → sha256


@dataclass(frozen=True)
class Outcome:
    """How a fault ended.

    `failure` is the file's text, of the first host that is not the fault's victim; `left` is what
    lies in the folders; `seconds` pass from the deed, or from the start, to the end of all.
    """

    ended: tuple[Ended, ...]
    failure: str
    left: str
    seconds: float
    model: Files

    @property
    def cells(self) -> tuple[str, ...]:
        """Exit status, first line of the failure file, what was left, seconds."""
        status = ", ".join("hung" if one.status is None else str(one.status) for one in self.ended)
        first = self.failure.partition("\n")[0] or "–"
        shown = first if len(first) <= 160 else first[:159] + "…"
        return status, shown, self.left, f"{self.seconds:.0f}"


@dataclass
class Bench:
    """An image, a folder to work in, and the jobs so far that nothing happened to."""

    image: str
    root: Path
    network: str = ""
    _sound: dict[str, Path] = field(default_factory=dict)

    def happen(self, fault: Fault, base: Path) -> Outcome:
        """Run a job that something happens to."""
        folders = self._lay_out(fault, base)
        containers = []
        for place, folder in enumerate(folders):
            if place and place == len(folders) - 1:
                time.sleep(fault.late)
            containers.append(self._start(fault, folder, place))
        begun = time.monotonic()
        try:
            if fault.act is not None:
                fault.act(containers, folders[0])
                begun = time.monotonic()
        except AssertionError:
            for container in containers:
                container.remove()
            raise
        deadline = time.monotonic() + fault.patience
        for container in sorted(containers, key=lambda one: one.frozen):
            if container.frozen:  # the last: all others have ended
                container.remove()
            container.wait(max(1, deadline - time.monotonic()))
        seconds = time.monotonic() - begun
        ended = tuple(one.wait() for one in containers)
        told = [_failure(folder) for folder in folders]
        return Outcome(
            ended,
            next((text for text in told if text), ""),
            "; ".join(dict.fromkeys(left_in(folder, fault.kind) for folder in folders)),
            seconds,
            files_below(folders[0] / "model"),
        )

    def start_again(self, fault: Fault, base: Path) -> tuple[Ended, Files]:
        """The same job in the same folders, but for what a new job has new."""
        for file in ("failure", "success"):
            (base / "output" / file).unlink(missing_ok=True)
        ended = run_job(self.image, base, _channels(fault), fault.flags)
        return ended, files_below(base / "model")

    def undisturbed(self, fault: Fault) -> Files:
        """The artifact of the same job when nothing happens."""
        key = fault.kind + json.dumps(dict(fault.settings), sort_keys=True)
        if key not in self._sound:
            base = self.root / f"sound-{len(self._sound)}"
            self._lay_out(fault, base)
            ended = run_job(self.image, base, _channels(fault))
            assert ended.status == 0, ended.log
            self._sound[key] = base
        return files_below(self._sound[key] / "model")

    def _bases(self) -> dict[str, Path]:
        """Where the base models' jobs on small pages left model/ and output/."""
        found = {}
        for kind in ("text", "image"):
            plain = Fault(kind)
            self.undisturbed(plain)
            base = self._sound[kind + "{}"]
            found[kind] = self.root / "bases" / kind
            if not found[kind].exists():
                shutil.copytree(base / "model", found[kind] / "model")
                shutil.copytree(base / "output/data", found[kind] / "output")
        return found

    def _lay_out(self, fault: Fault, base: Path) -> list[Path]:
        program = {"sagemaker_program": f"train_{fault.kind}.py"}
        if fault.sample:
            names = [f"algo-{place + 1}" for place in range(fault.hosts)]
            folders = [base / name for name in names] if fault.hosts > 1 else [base]
            for place, folder in enumerate(folders):
                lay_out(folder, fault.kind, CHANNELS, names, place, **fault.settings)
            return folders
        undisturbed = fault == Fault(fault.kind)  # the base models' own jobs
        job = sound_job(base, fault.kind, {} if undisturbed else self._bases())
        setting(**program, **fault.settings)(job)
        fault.spoil(job)
        job.finish()
        channels = {folder.name: {"TrainingInputMode": "File"} for folder in job.channels}
        (base / "input/config/inputdataconfig.json").write_text(json.dumps(channels))
        (base / "checkpoints").mkdir()
        return [base]

    def _start(self, fault: Fault, base: Path, place: int) -> Container:
        network = list(ALONE) if fault.names else ["--network", "none", "--hostname", "algo-1"]
        if fault.hosts > 1:
            own = f"algo-{place + 1}"
            network = ["--network", self._network(), "--hostname", own]
            network += ["--ip", f"{SUBNET}.{place + 10}"]
            for other in range(fault.hosts if fault.names else 0):
                network += ["--add-host", f"algo-{other + 1}:{SUBNET}.{other + 10}"]
        flags = list(fault.flags)
        if "JUMP" in str(flags):
            flags += ["-v", f"{self._clock()}:/clock.so:ro", "-e", "LD_PRELOAD=/clock.so"]
        return start_job(self.image, base, _channels(fault), flags, network)

    def _clock(self) -> Path:
        built = self.root / "clock.so"
        if not built.exists():
            source = HERE / "jumping_clock.c"
            subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", built, source], check=True)
        return built

    def _network(self) -> str:
        """One that leads nowhere else."""
        if not self.network:
            self.network = f"ensemble-test-{os.getpid()}"
            words = ["network", "create", "--internal", "--subnet", f"{SUBNET}.0/24", self.network]
            subprocess.run([ENGINE, *words], check=True, capture_output=True)
        return self.network

    def close(self) -> None:
        if self.network:
            subprocess.run([ENGINE, "network", "rm", self.network], capture_output=True)


def _channels(fault: Fault) -> Mapping[str, Path]:
    return CHANNELS if fault.sample else {}


def _failure(base: Path) -> str:
    file = base / "output/failure"
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _unfinished(folder: Path, kind: str) -> str:
    """What files without a manifest are: such as the next job removes, or not."""
    try:
        refuse_foreign(folder, kind=kind)
    except ClientError:
        return "PART OF A MODEL"
    return "unfinished model"


def left_in(base: Path, kind: str) -> str:
    """What lies in a job's folders, in words; an artifact is loaded by its hashes."""
    model = files_below(base / "model")
    words = []
    if "manifest.json" in model:
        named = read_manifest(base / "model", kind=KIND[kind]).files
        words.append("artifact" if {*named, "manifest.json"} == set(model) else "artifact and more")
    elif model:
        words.append(_unfinished(base / "model", KIND[kind]))
    if kept := len([*(base / "checkpoints").rglob("*.zip")]):
        words.append(f"{kept} checkpoints" if kept > 1 else "1 checkpoint")
    if files_below(base / "output/data") and "artifact" not in words:
        words.append("page outputs")
    return ", ".join(words) or "nothing"
