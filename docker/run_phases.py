"""Run the phases of buildspec.yml on this machine, as CodeBuild would.

`docker` and `aws` are replaced by docker/elsewhere/: what would be pushed becomes an archive.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
PHASES = ("install", "pre_build", "build", "post_build")
EVEN_SO = {"post_build": "build"}  # this phase runs though that one has failed


def run_phases(spec: Mapping[str, Any], variables: Mapping[str, str], folder: Path) -> list[str]:
    """Run the phases of a build specification in `folder`; returns the names of those that failed.

    The commands of a phase share a shell and stop at the first that fails. What one phase exports
    the next one has, as in CodeBuild, which keeps one shell for all.
    """
    failed: list[str] = []
    environment = {**os.environ, **spec.get("env", {}).get("variables", {}), **variables}
    for name in PHASES:
        phase = spec["phases"].get(name)
        if phase is None or any(EVEN_SO.get(name) != one for one in failed):
            continue
        environment["CODEBUILD_BUILD_SUCCEEDING"] = "0" if failed else "1"
        print(f"=== {name}", flush=True)
        begun = time.monotonic()
        succeeded, environment = _run(phase["commands"], environment, folder)
        how = "succeeded" if succeeded else "FAILED"
        print(f"=== {name} {how} after {time.monotonic() - begun:.0f} s", flush=True)
        if not succeeded:
            failed.append(name)
    return failed


def _run(
    commands: Sequence[str], environment: Mapping[str, str], folder: Path
) -> tuple[bool, dict[str, str]]:
    """(whether all succeeded, the environment that they leave)."""
    reader, writer = os.pipe()
    leave = f"trap 'env -0 >&{writer}' EXIT"
    script = "\n".join(["set -e", leave, *(f"{{ {one.rstrip()}\n}}" for one in commands)])
    process = subprocess.Popen(
        ["bash", "-c", script], cwd=folder, env=dict(environment), pass_fds=[writer]
    )
    os.close(writer)
    with os.fdopen(reader, "rb") as left:
        told = left.read().decode().split("\0")
    succeeded = process.wait() == 0
    return succeeded, dict(line.split("=", 1) for line in told if "=" in line)


def elsewhere(engine: str, builder: str, archives: Path, branch: str) -> dict[str, str]:
    """What the phases find in place of CodeBuild: its variables, and other programs."""
    revision = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    return {
        "PATH": f"{ROOT / 'docker/elsewhere'}{os.pathsep}{os.environ['PATH']}",
        "ENGINE": "docker",  # of make and of the tests; the one on the PATH above
        "REAL_ENGINE": engine,
        "BUILDER": builder,
        "ARCHIVES": str(archives),
        "IMAGE_REPOSITORY": "elsewhere/document-ensemble",
        "AWS_DEFAULT_REGION": "elsewhere",
        "CODEBUILD_RESOLVED_SOURCE_VERSION": revision,
        "CODEBUILD_WEBHOOK_HEAD_REF": f"refs/heads/{branch}",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="docker", help="docker or podman; default %(default)s")
    parser.add_argument(
        "--builder",
        default="",
        help="program that builds an image in place of the engine: BUILDER CONTEXT TAG FLAGS…",
    )
    parser.add_argument("--archives", type=Path, default=ROOT / "out/archives")
    parser.add_argument("--branch", default="main", help="that the commit is said to be on")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    engine = shutil.which(arguments.engine)
    if engine is None:
        parser.error(f"there is no {arguments.engine} here")
    arguments.archives.mkdir(parents=True, exist_ok=True)
    found = elsewhere(engine, arguments.builder, arguments.archives.resolve(), arguments.branch)
    chosen = dict(one.split("=", 1) for one in arguments.set)
    spec = yaml.safe_load((ROOT / "buildspec.yml").read_text(encoding="utf-8"))
    failed = run_phases(spec, {**found, **chosen}, ROOT)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
