"""The jobs as SageMaker runs them: through sagemaker-training's `train`, from files alone."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pytest
from tests.builders import make_job
from tests.contract.ensembles import CHANNELS, SMALL, Trained
from tests.contract.programs import SRC, Outcome, files_below, run_toolkit

pytestmark = pytest.mark.slow
KINDS = ("text", "image", "sequence")
Spell = Callable[[object], str]


def lay_out(
    base: Path,
    kind: str,
    spell: Spell,
    channels: Mapping[str, Path],
    hosts: Sequence[str] = ("localhost",),
    place: int = 0,
    **others: object,
) -> Path:
    """A job's folders on a host, the code of this checkout and links to its channels."""
    values = {"sagemaker_program": f"train_{kind}.py", **SMALL[kind], **others}
    spelt = {name: spell(value) for name, value in values.items()}
    make_job(base, spelt, channels, hosts, place)
    shutil.copytree(SRC, base / "code", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name, folder in channels.items():
        (base / "input/data" / name).symlink_to(folder)
    return base


def run_job(base: Path, **variables: str) -> Outcome:
    outcome = run_toolkit(base, **variables)
    assert outcome.status == 0, outcome.err
    assert (base / "output/success").exists()
    assert not (base / "output/failure").exists()
    return outcome


def archive(path: Path, entries: Iterable[Path]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for entry in entries:
            tar.add(entry, entry.name)


def as_sagemaker_uploads(base: Path, prefix: Path) -> Path:
    """What SageMaker leaves on S3: the contents of model and of output/data, each archived."""
    archive(prefix / "the-job/output/model.tar.gz", (base / "model").iterdir())
    archive(prefix / "the-job/output/output.tar.gz", (base / "output/data").iterdir())
    return prefix


def as_local_mode_leaves(base: Path, prefix: Path) -> Path:
    """What the Python SDK's local mode leaves: output.tar.gz holds `data` and `success`."""
    archive(prefix / "model.tar.gz", (base / "model").iterdir())
    archive(prefix / "output.tar.gz", (base / "output").iterdir())
    return prefix


SPELLINGS: dict[str, tuple[Spell, Callable[[Path, Path], Path]]] = {
    "plain strings, as Step Functions sends them": (str, as_sagemaker_uploads),
    "JSON-quoted strings, as the SDK does": (
        lambda value: json.dumps(str(value)),
        as_local_mode_leaves,
    ),
}


@pytest.fixture(scope="module", params=SPELLINGS.values(), ids=SPELLINGS.keys())
def by_toolkit(request, tmp_path_factory):
    """Base folders of the three jobs."""
    spell, upload = request.param
    root = tmp_path_factory.mktemp("toolkit")
    bases = {}
    channels = dict(CHANNELS)
    for kind in KINDS:
        bases[kind] = lay_out(root / kind, kind, spell, channels)
        run_job(bases[kind])
        if kind != "sequence":
            channels[kind] = upload(bases[kind], root / "s3" / kind)
    return bases


@pytest.mark.parametrize("kind", KINDS)
def test_the_toolkit_makes_what_plain_python_makes(plain: dict[str, Trained], by_toolkit, kind):
    assert files_below(by_toolkit[kind] / "model") == plain[kind].model
    assert files_below(by_toolkit[kind] / "output/data") == plain[kind].output


def test_the_image_s_own_hook_makes_the_same(plain: dict[str, Trained], tmp_path):
    base = lay_out(tmp_path, "text", str, CHANNELS)
    shutil.rmtree(base / "code")  # the image has it elsewhere
    run_job(base, SAGEMAKER_TRAINING_MODULE="common.job.toolkit:main", PYTHONPATH=str(SRC))
    assert files_below(base / "model") == plain["text"].model
    assert files_below(base / "output/data") == plain["text"].output


def test_nothing_but_the_artifact_goes_to_the_model_folder(by_toolkit):
    for base in by_toolkit.values():
        named = json.loads((base / "model/manifest.json").read_text())["files"]
        assert set(files_below(base / "model")) == {*named, "manifest.json"}
        assert not [path for path in (base / "model").rglob("*") if path.is_symlink()]


def test_the_failure_file_is_ours(tmp_path):
    base = lay_out(tmp_path, "image", str, {"validation": CHANNELS["validation"]})
    outcome = run_toolkit(base)
    assert outcome.status != 0
    cause = (base / "output/failure").read_text().splitlines()[0]
    assert cause.startswith("ClientError: channel 'train' is missing (given: validation).")
    assert not files_below(base / "model")


def test_wrong_hyperparameters_are_told_in_the_failure_file(tmp_path):
    wrong = {"epochs": "many", "epoks": 3, "k": 4}
    base = lay_out(tmp_path, "text", str, CHANNELS, **wrong)
    assert run_toolkit(base).status != 0
    told = (base / "output/failure").read_text()
    for name in wrong:
        assert f"hyperparameter '{name}'" in told
