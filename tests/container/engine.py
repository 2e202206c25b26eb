"""The image, talked to from outside alone: folders, signals, logs and exit statuses."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass


def working_engine() -> str | None:
    """Docker or podman, or what ENGINE names: the first that answers."""
    for name in filter(None, (os.environ.get("ENGINE"), "docker", "podman")):
        if (
            shutil.which(name)
            and not subprocess.run([name, "info"], capture_output=True).returncode
        ):
            return name
    return None


ENGINE = working_engine() or "docker"
_PODMAN = "podman" in (ENGINE + os.environ.get("REAL_ENGINE", ""))
# Podman gives a container with a read-only root a writable /tmp unasked; docker does not.
NO_TMPFS = ("--read-only-tmpfs=false",) if _PODMAN else ()
# As on SageMaker, or less: no network, Docker's default of shared memory.
ALONE = ("--network", "none", "--hostname", "algo-1", "--add-host", "algo-1:127.0.0.1")
_NUMBER = itertools.count()
_POLL = 0.05  # seconds


@dataclass(frozen=True)
class Ended:
    """How a container ended; status None is one that had to be killed: it hung."""

    status: int | None
    log: str
    seconds: float


class Container:
    """A container that was started, and is removed when it ends."""

    def __init__(self, image: str, flags: Sequence[str], command: Sequence[str] = ()) -> None:
        self.name = f"ensemble-test-{os.getpid()}-{next(_NUMBER)}"
        self.begun = time.monotonic()
        self.lines: list[str] = []
        self.frozen = False
        self._ended: Ended | None = None
        words = [ENGINE, "run", "--rm", "--name", self.name, *flags, image, *command]
        self._process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=tempfile.gettempdir(),  # podman leaves a mark there where memory ran out
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with self._process.stdout as log:
            for line in log:
                self.lines.append(line.rstrip("\n"))

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait_until_started(self, patience: float = 60) -> None:
        """Return when process 1 is there."""
        asked = [ENGINE, "inspect", "--format", "{{.State.Pid}}", self.name]
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and self.running:
            told = subprocess.run(asked, capture_output=True, text=True)
            if told.returncode == 0 and told.stdout.strip() not in ("", "0"):
                return
        raise AssertionError(f"did not start: {self.log}")

    def wait_for(self, pattern: str, times: int = 1, patience: float = 120) -> None:
        """Return when so many lines of the log match."""
        deadline = time.monotonic() + patience
        while sum(bool(re.search(pattern, line)) for line in list(self.lines)) < times:
            if time.monotonic() > deadline or not self.running:
                raise AssertionError(f"{pattern!r} is not in the log: {self.log}")
            time.sleep(_POLL)

    def signal(self, name: str) -> None:
        """Send a signal to process 1, as the platform does."""
        subprocess.run([ENGINE, "kill", "--signal", name, self.name], capture_output=True)

    def pause(self) -> None:
        """Freeze it: it is there and does nothing, and will not end by itself."""
        self.frozen = True
        subprocess.run([ENGINE, "pause", self.name], capture_output=True)

    def kill_process(self, pattern: str) -> None:
        """Kill those processes whose command line matches, which is not process 1."""
        script = (
            f"for p in /proc/[0-9]*; do [ $p != /proc/1 ] && grep -qa '{pattern}' $p/cmdline "
            "&& kill -9 ${p#/proc/}; done; true"
        )
        subprocess.run([ENGINE, "exec", self.name, "sh", "-c", script], capture_output=True)

    def ask(self, command: Sequence[str], patience: float = 60) -> str:
        """What a program within says, once it succeeds."""
        deadline = time.monotonic() + patience
        while True:
            done = subprocess.run([ENGINE, "exec", self.name, *command], capture_output=True)
            if done.returncode == 0:
                return done.stdout.decode()
            if time.monotonic() > deadline or not self.running:
                raise AssertionError(f"{done.stderr.decode()}\n{self.log}")
            time.sleep(_POLL)

    def remove(self) -> None:
        subprocess.run([ENGINE, "rm", "--force", self.name], capture_output=True)

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    def wait(self, patience: float = 180) -> Ended:
        """Wait for its end; after `patience` seconds it is killed."""
        if self._ended is None:
            self._ended = self._wait(patience)
        return self._ended

    def _wait(self, patience: float) -> Ended:
        status: int | None
        try:
            status = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            status = None
            self.remove()
            self._process.wait(60)
        seconds = time.monotonic() - self.begun
        self._reader.join(10)
        return Ended(status, self.log, seconds)


def run(image: str, flags: Sequence[str], command: Sequence[str] = ()) -> Ended:
    return Container(image, flags, command).wait()
