"""What people do with the image when nothing is wrong."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.container.engine import ENGINE, run
from tests.container.jobs import WRITTEN, lay_out, run_job
from tests.contract.ensembles import CHANNELS, SMALL
from tests.contract.programs import files_below
from tests.contract.test_toolkit import as_sagemaker_uploads
from tests.sample import SAMPLE

pytestmark = pytest.mark.slow
SOMEBODY = 4321  # a user and a group that the image has never heard of
LARGEST = 900_000_000  # bytes of the CPU variant, unpacked


def succeed(image, base, channels, *flags):
    ended = run_job(image, base, channels, flags)
    assert ended.status == 0, ended.log
    assert (base / "output/success").exists()
    assert not (base / "output/failure").exists()
    named = json.loads((base / "model/manifest.json").read_text())["files"]
    assert set(files_below(base / "model")) == {*named, "manifest.json"}
    return ended


@pytest.fixture(scope="module")
def trained(image, tmp_path_factory) -> dict[str, Path]:
    """The three jobs one after another, the third from what SageMaker makes of the first two."""
    root = tmp_path_factory.mktemp("trained")
    bases, archives = {}, {}
    for kind in ("text", "image", "sequence"):
        channels = {**CHANNELS, **archives}
        bases[kind] = lay_out(root / kind, kind, channels, **SMALL[kind])
        succeed(image, bases[kind], channels)
        if kind != "sequence":
            archives[kind] = as_sagemaker_uploads(bases[kind], root / "s3" / kind)
    return bases


def test_all_three_jobs_train_one_after_another(trained):
    manifest = json.loads((trained["sequence"] / "model/manifest.json").read_text())
    assert manifest["kind"] == "ensemble"
    assert {name.partition("/")[0] for name in manifest["files"]} == {"text", "image", "sequence"}


def test_the_same_job_leaves_the_same_bytes(image, trained, tmp_path):
    base = lay_out(tmp_path, "text", CHANNELS, **SMALL["text"])
    succeed(image, base, CHANNELS)
    assert files_below(base / "model") == files_below(trained["text"] / "model")


def test_the_ensemble_takes_streams_apart(image, trained, tmp_path):
    flags = ["--network", "none", "-v", f"{trained['sequence']}/model:/model:ro"]
    flags += ["-v", f"{SAMPLE}/test:/pages:ro", "-v", f"{tmp_path}:/out"]
    words = ["predict", "--model", "/model", "--input", "/pages", "--output", "/out/said"]
    ended = run(image, flags, words)
    assert ended.status == 0, ended.log
    pages = (tmp_path / "said/pages.jsonl").read_text().splitlines()
    assert len(pages) == len((SAMPLE / "test/pages.jsonl").read_text().splitlines())


def test_a_job_runs_as_somebody_else_too(image, tmp_path):
    base = lay_out(tmp_path, "text", CHANNELS, **SMALL["text"])
    for path in (base, *base.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    succeed(image, base, CHANNELS, "--user", f"{SOMEBODY}:{SOMEBODY}")


def test_what_root_writes_belongs_to_whose_folder_it_is(image, tmp_path):
    base = lay_out(tmp_path, "text", CHANNELS, **SMALL["text"])
    own = ["chown", "-R", f"{SOMEBODY}:{SOMEBODY}", *(f"/job/{name}" for name in WRITTEN)]
    assert run(image, ["-v", f"{base}:/job"], own).status == 0
    owner = (base / "model").stat().st_uid
    assert owner != os.geteuid()
    succeed(image, base, CHANNELS)
    written = [path for name in WRITTEN for path in (base / name).rglob("*")]
    assert {path.name for path in written if path.stat().st_uid != owner} <= {"success"}


def test_a_read_only_image_with_a_temporary_folder_is_enough(image, tmp_path):
    base = lay_out(tmp_path, "text", CHANNELS, **SMALL["text"])
    succeed(image, base, CHANNELS, "--read-only", "--tmpfs", "/tmp")


def test_nothing_is_in_the_image_that_makes_the_toolkit_install(image):
    """And neither compiler nor pip nor what pip and apt kept."""
    script = (
        "ls /opt/ml/code/requirements.txt /opt/ml/code/setup.py; command -v gcc cc pip pip3 make;"
        "ls /root/.cache /var/lib/apt/lists/* /var/cache/apt/archives/*.deb; true"
    )
    ended = run(image, ["--network", "none"], ["sh", "-c", script])
    assert [line for line in ended.log.splitlines() if "No such file" not in line] == []


def test_the_image_says_what_it_is_and_is_no_larger_than_promised(image):
    told = subprocess.run([ENGINE, "image", "inspect", image], capture_output=True, check=True)
    [of_image] = json.loads(told.stdout)
    labels = of_image["Config"]["Labels"]
    prefix = "org.opencontainers.image."
    assert {"version", "revision", "source", "licenses"} <= {
        name.removeprefix(prefix) for name in labels if name.startswith(prefix)
    }
    assert of_image["Size"] <= LARGEST
