"""The build specification, run by our own runner as CodeBuild would run it."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from docker.run_phases import ROOT, elsewhere, run_phases

SPEC = yaml.safe_load((ROOT / "buildspec.yml").read_text())
BUILD = SPEC["phases"]["build"]["commands"]


def spec_of(**commands: list[str]) -> dict:
    return {"phases": {name: {"commands": lines} for name, lines in commands.items()}}


def run(tmp_path, **commands: list[str]) -> tuple[list[str], str]:
    """(phases that failed, what all of them wrote to the file `told`)."""
    (tmp_path / "told").touch()
    failed = run_phases(spec_of(**commands), {}, tmp_path)
    return failed, (tmp_path / "told").read_text()


def test_a_phase_stops_at_its_first_failure(tmp_path):
    failed, told = run(tmp_path, build=["echo one >> told", "false", "echo two >> told"])
    assert (failed, told) == (["build"], "one\n")


def test_what_a_phase_exports_the_next_one_has(tmp_path):
    _, told = run(tmp_path, build=["export A='b\nc'"], post_build=['echo "$A" >> told'])
    assert told == "b\nc\n"


@pytest.mark.parametrize(
    ("fails", "runs"),
    [("install", []), ("pre_build", []), ("build", ["0"])],
)
def test_after_the_build_alone_there_is_more_to_do(tmp_path, fails, runs):
    last = ['echo "$CODEBUILD_BUILD_SUCCEEDING" >> told']
    failed, told = run(tmp_path, **{fails: ["exit 3"]}, post_build=last)
    assert failed == [fails]
    assert told.split() == runs


@pytest.fixture
def engine(tmp_path):
    """An engine and a builder that write down what they are asked."""
    for name in ("engine", "builder"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/asked\n')
        program.chmod(0o755)
    return tmp_path


def post_build(engine: Path, branch: str, **variables: str) -> list[str]:
    found = elsewhere(str(engine / "engine"), "", engine, branch)
    chosen = {**found, "TAG": "1-2", "VARIANTS": "cpu gpu", **variables}
    assert run_phases({"phases": {"post_build": SPEC["phases"]["post_build"]}}, chosen, ROOT) == []
    asked = engine / "asked"
    return asked.read_text().splitlines() if asked.exists() else []


def test_main_is_pushed_and_elsewhere_that_is_an_archive(engine):
    asked = post_build(engine, "main")
    repository = "elsewhere/document-ensemble"
    for variant in ("cpu", "gpu"):
        assert f"engine tag document-ensemble:1-2-{variant} {repository}:1-2-{variant}" in asked
        archive = engine / f"elsewhere-document-ensemble-1-2-{variant}.tar"
        assert f"engine save --output {archive} {repository}:1-2-{variant}" in asked
    assert {line.split()[1] for line in asked} == {"tag", "image", "save"}  # no login, no push


def test_another_branch_is_not_pushed(engine):
    assert post_build(engine, "topic") == []
    assert post_build(engine, "not-main") == []


def test_another_builder_gets_the_tag_the_context_and_all_flags(engine):
    found = elsewhere(str(engine / "engine"), str(engine / "builder"), engine, "main")
    words = ["build", "--build-arg", "VARIANT=cpu", "--label", "a b", "-t", "x:1", "."]
    subprocess.run(
        [ROOT / "docker/elsewhere/docker", *words], env={**os.environ, **found}, check=True
    )
    told = (engine / "asked").read_text()
    assert told == "builder . x:1 --build-arg VARIANT=cpu --label a b\n"


def test_the_specification_names_no_account_and_no_registry():
    text = (ROOT / "buildspec.yml").read_text()
    assert not re.search(r"\d{12}|amazonaws|\.dkr\.", text)


def test_images_are_pushed_after_they_were_tested():
    commands = "\n".join(SPEC["phases"]["pre_build"]["commands"] + BUILD)
    assert commands.index("make test") < commands.index("make image") < commands.index("make smoke")
    assert "push" not in commands
    assert {"install", "pre_build", "build", "post_build"} == set(SPEC["phases"])
