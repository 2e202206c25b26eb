"""The script of CI, with programs around it that write down what they are asked."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from docker.run_phases import ROOT

SETUP = (
    'echo "export CONTAINERS_STORAGE_CONF=$CONTAINER_ROOT/storage.conf"; mkdir -p "$CONTAINER_ROOT"'
)
TELL = 'echo "$(basename $0) $* ${CONTAINERS_STORAGE_CONF:-}" >> "$ASKED"'


@pytest.fixture
def clone(tmp_path) -> Path:
    """A clone with nothing in it but CI's script."""
    shutil.copytree(ROOT / ".ci", tmp_path / "clone/.ci")
    programs = {"podman": TELL, "docker": "exit 1", "git": "echo 123", "make": TELL, "npm": "true"}
    for name, script in programs.items():
        put(tmp_path / "bin" / name, script)
    return tmp_path / "clone"


def put(program: Path, script: str) -> None:
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def put_tools(clone: Path, setup: str = SETUP) -> None:
    put(clone.parent / "shared/container/setup", setup)
    empty = '[ ! -e "$(dirname "$CONTAINERS_STORAGE_CONF")/storage" ]'
    put(clone.parent / "shared/container/make-base", f"{TELL}; {empty}")


def run(clone: Path) -> subprocess.CompletedProcess[str]:
    """Run it as nobody's part, though this test may itself run in CI."""
    outer = ("CONTAINERS_STORAGE_CONF", "CI_FULL")
    given = {name: value for name, value in os.environ.items() if name not in outer}
    own = {"PATH": f"{clone.parent}/bin:{os.environ['PATH']}", "ASKED": f"{clone.parent}/asked"}
    return subprocess.run(
        ["bash", ".ci/run"],
        cwd=clone,
        env={**given, **own, "TMPDIR": str(clone.parent)},
        capture_output=True,
        text=True,
    )


def asked(clone: Path) -> list[str]:
    return (clone.parent / "asked").read_text().splitlines()


def test_where_nothing_builds_images_the_rest_is_checked_and_that_is_said(clone):
    done = run(clone)
    assert done.returncode == 0, done.stderr
    assert [line.strip() for line in asked(clone)][1:] == [
        "make install",
        "make interpreter",
        "make lint",
        "make test PYTEST_ARGS=-n auto",
    ]
    assert "NO IMAGE WAS BUILT OR TESTED" in done.stderr


def test_it_says_which_part_failed(clone):
    put(clone.parent / "bin/make", 'case "$*" in lint) exit 2 ;; esac')
    done = run(clone)
    assert done.returncode == 2
    assert "FAILED after" in done.stderr
    assert done.stderr.rstrip().endswith(": linters and tests")


def test_a_store_that_a_killed_run_left_is_removed_and_nobody_elses(clone):
    put_tools(clone)
    made = clone.parent / "document-ensemble-ci"
    (made / "containers/storage").mkdir(parents=True)
    (made / "containers/storage/half").touch()
    (clone.parent / "containers").mkdir()
    done = run(clone)  # there is no .venv to go on with
    assert done.stderr.rstrip().endswith(": the phases of buildspec.yml")
    told = [line for line in asked(clone) if line.startswith(("podman", "make-base"))]
    assert told[0] == f"podman rm --all --force --time 0 {made}/containers/storage.conf"
    assert told.index(f"make-base  {made}/containers/storage.conf") < len(told) - 1
    assert {line.rpartition(" ")[2] for line in told} == {f"{made}/containers/storage.conf"}
    assert not made.exists()
    assert (clone.parent / "containers").exists()


def test_without_a_store_of_its_own_nothing_is_removed(clone):
    put_tools(clone, setup="exit 1")
    done = run(clone)
    assert done.returncode == 1
    assert "FAILED" in done.stderr
    assert not any(line.startswith("podman") for line in asked(clone))
