"""Run the programs of src/ as their users do."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from common.job.files import sha256_of

SRC = Path(__file__).resolve().parents[2] / "src"
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Outcome:
    """How a program ended, and what it said."""

    status: int
    out: str
    err: str


def flags(values: Mapping[str, object]) -> list[str]:
    return [word for name, value in values.items() for word in (f"--{name}", str(value))]


def environment(**variables: str) -> dict[str, str]:
    """As bare as a container's: nothing of the machine that runs the tests but its PATH."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "/usr/bin:/bin")])
    return {"PATH": path, "SAGEMAKER_BASE_DIR": "/nowhere", "HOME": "/nowhere", **variables}


def run(program: str, arguments: Mapping[str, object], **variables: str) -> Outcome:
    """`python src/<program> --name value …`"""
    return _run([sys.executable, str(SRC / program), *flags(arguments)], **variables)


def run_toolkit(base: Path, **variables: str) -> Outcome:
    """sagemaker-training's `train`, on a job laid out in `base`, its code included."""
    return _run([str(BIN / "train")], SAGEMAKER_BASE_DIR=str(base), HOME=str(base), **variables)


def _run(command: list[str], **variables: str) -> Outcome:
    done = subprocess.run(
        command, env=environment(**variables), capture_output=True, text=True, timeout=300
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def run_here(program: str, arguments: Mapping[str, object], **variables: str) -> Outcome:
    """The same as `run` within this process: no second start of Python and MXNet."""
    out, err = io.StringIO(), io.StringIO()
    argv = [program, *flags(arguments)]
    with (
        _process_as_it_was(),
        mock.patch.object(sys, "argv", argv),
        mock.patch.dict(os.environ, environment(**variables), clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            runpy.run_path(str(SRC / program), run_name="__main__")
        except SystemExit as stop:
            return Outcome(int(stop.code or 0), out.getvalue(), err.getvalue())
    raise AssertionError(f"{program} did not end with an exit status")


@contextlib.contextmanager
def _process_as_it_was() -> Iterator[None]:
    """A program sets up the log, and what SIGTERM does."""
    on_sigterm, root = signal.getsignal(signal.SIGTERM), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    signal.signal(signal.SIGTERM, on_sigterm)
    root.handlers[:], root.level = handlers, level


def files_below(folder: Path) -> dict[str, str]:
    """sha256 of every file below a folder, dotfiles included; an empty folder has none."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(files)}
