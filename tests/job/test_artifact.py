import json
import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from common.job import artifact
from common.job.artifact import (
    MANIFEST,
    STAGING,
    Manifest,
    read_manifest,
    refuse_foreign,
    write_artifact,
)
from common.job.errors import AlgorithmError, ClientError
from common.job.files import sha256_of

ABOUT = Manifest(
    kind="text",
    classes=("invoice", "letter"),
    hyperparameters={"epochs": 3},
    packages={"python": "3.11"},
    data={"train": "f00"},
    metrics={"loss": 0.5},
)


def write(folder: Path, content: str = "weights", check=None, fill=None) -> None:
    def fill_it(staging: Path) -> None:
        (staging / "deep").mkdir()
        (staging / "deep/weights.params").write_text(content)
        (staging / "history.json").write_text("{}")

    def check_it(staging: Path) -> None:
        read_manifest(staging, kind="text")

    write_artifact(folder, ABOUT, fill=fill or fill_it, check=check or check_it)


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


WHOLE = ["deep", "deep/weights.params", "history.json", MANIFEST]


def test_what_was_written_is_read_again(tmp_path):
    write(tmp_path / "model")
    assert names(tmp_path / "model") == WHOLE
    manifest = read_manifest(tmp_path / "model", kind="text")
    assert manifest.model_copy(update={"files": {}}) == ABOUT
    assert manifest.files == {
        name: sha256_of(tmp_path / "model" / name)
        for name in ("deep/weights.params", "history.json")
    }


def test_nothing_in_it_depends_on_when_and_where(tmp_path):
    for name in ("one", "other"):
        write(tmp_path / name)
    assert (tmp_path / "one" / MANIFEST).read_bytes() == (
        tmp_path / "other" / MANIFEST
    ).read_bytes()


def test_a_new_artifact_replaces_the_old_one_and_leftovers(tmp_path):
    write(tmp_path, "old")
    (tmp_path / ".staging-killed").mkdir()
    (tmp_path / ".staging-killed/half").touch()
    write(tmp_path, "new")
    assert names(tmp_path) == WHOLE
    assert (tmp_path / "deep/weights.params").read_text() == "new"


FOREIGN: dict[str, tuple[Callable[[Path], object], str]] = {
    "a thesis": (
        lambda folder: (folder / "thesis.tex").touch(),
        r"holds no artifact \(it has thesis.tex\)",
    ),
    "a repository": (
        lambda folder: (folder / ".git").mkdir(),
        r"holds no artifact \(it has .git\)",
    ),
    "somebody else's manifest": (
        lambda folder: [(folder / name).write_text("{}") for name in (MANIFEST, "app.js")],
        r"not a manifest of ours .* has app.js, manifest.json",
    ),
    "an artifact and a file beside it": (
        lambda folder: [write(folder), (folder / "notes.txt").touch()],
        "holds more than its artifact: notes.txt",
    ),
    "an artifact and a hidden file": (
        lambda folder: [write(folder), (folder / ".env").touch()],
        "holds more than its artifact: .env",
    ),
    "an artifact and an empty folder": (
        lambda folder: [write(folder), (folder / "empty").mkdir()],
        "holds more than its artifact: empty",
    ),
    "an artifact and a file within its folder": (
        lambda folder: [write(folder), (folder / "deep/more").touch()],
        "holds more than its artifact: deep/more",
    ),
    "an artifact of another kind": (
        lambda folder: [write(folder), change_manifest(folder, kind="image")],
        "holds a 'image' artifact, and this job writes 'text'",
    ),
}


@pytest.mark.parametrize(("put", "said"), FOREIGN.values(), ids=FOREIGN)
def test_a_folder_with_something_else_is_refused_and_left_alone(tmp_path, put, said):
    put(tmp_path)
    before = names(tmp_path)
    with pytest.raises(ClientError, match=said):
        write(tmp_path, "new")
    with pytest.raises(ClientError, match=r"Name an empty or a new folder\."):
        refuse_foreign(tmp_path, kind="text")
    assert names(tmp_path) == before


def test_what_arrives_while_an_artifact_is_written_stays(tmp_path):
    write(tmp_path, "old")
    write(tmp_path, "new", check=lambda staging: (tmp_path / "notes.txt").touch())
    assert names(tmp_path) == [*WHOLE, "notes.txt"]


def test_a_link_of_the_users_is_not_followed(tmp_path):
    write(tmp_path / "model")
    (tmp_path / "model/deep").rename(tmp_path / "elsewhere")
    (tmp_path / "model/deep").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ClientError, match="more than its artifact: deep"):
        write(tmp_path / "model")
    assert names(tmp_path / "elsewhere") == ["weights.params"]


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    ("stop", "told"),
    [
        (OSError(28, "disk full"), ClientError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (ValueError(), ValueError),
    ],
)
@pytest.mark.parametrize("step", ["fill", "check"])
def test_a_failure_leaves_the_folder_as_it_was(tmp_path, old, stop, told, step):
    if old:
        write(tmp_path, "old")

    def fail(staging: Path) -> None:
        (staging / "half").write_text("writ")
        raise stop

    with pytest.raises(told):
        write(tmp_path, **{step: fail})
    assert names(tmp_path) == (WHOLE if old else [])


def test_what_cannot_be_loaded_again_is_our_fault_and_does_not_stay(tmp_path):
    def check(staging: Path) -> None:
        (staging / "history.json").write_text("a full disk")
        read_manifest(staging, kind="text")

    with pytest.raises(AlgorithmError, match=r"cannot be loaded again: .*history.json"):
        write(tmp_path, check=check)
    assert names(tmp_path) == []


def test_the_check_sees_the_manifest(tmp_path):
    seen = []
    write(tmp_path, check=lambda staging: seen.append(read_manifest(staging, kind="text").kind))
    assert seen == ["text"]


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_an_interruption_between_moves_leaves_nothing(tmp_path, monkeypatch, moved):
    moves = []
    rename = Path.rename

    def interrupted(path: Path, target: Path) -> Path:
        if len(moves) == moved:
            raise KeyboardInterrupt
        moves.append(target.name)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path)
    assert MANIFEST not in moves
    assert names(tmp_path) == []


def test_an_interruption_while_the_old_one_is_removed_leaves_nothing_half(tmp_path, monkeypatch):
    write(tmp_path, "old")
    rmtree, calls = shutil.rmtree, []

    def interrupted(path: Path, **options) -> None:
        calls.append(path)
        if len(calls) == 1:
            raise KeyboardInterrupt
        rmtree(path, **options)

    monkeypatch.setattr(artifact.shutil, "rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, "new")
    assert names(tmp_path) == []


def write_and_be_killed(folder: Path, moment: int) -> bool:
    """Write an artifact, and be killed once so many files were moved or removed.

    False: it was written before that.
    """

    def write_counting() -> None:
        left = moment

        def count(event: str, arguments: tuple) -> None:
            nonlocal left
            if event in {"os.rename", "os.remove", "os.rmdir"}:
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1

        sys.addaudithook(count)
        write(folder, "killed")

    process = multiprocessing.get_context("fork").Process(target=write_counting)
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


@pytest.mark.parametrize("old", [False, True])
def test_whenever_a_job_is_killed_the_next_one_writes_its_artifact(tmp_path, old):
    moment, half = 0, 0
    while True:
        folder = tmp_path / str(moment)
        if old:
            write(folder, "old")
        if not write_and_be_killed(folder, moment):
            break
        own = [name for name in names(folder) if not name.startswith(STAGING)]
        half += MANIFEST not in own and own != []
        refuse_foreign(folder, kind="text")
        # Killed again, on its way to remove what the first one left.
        write_and_be_killed(folder, 1)
        write(folder, "new")
        assert names(folder) == WHOLE
        assert (folder / "deep/weights.params").read_text() == "new"
        moment += 1
    assert half >= (3 if old else 2)


CHANGED: dict[str, Callable[[Path], object]] = {
    "a file of the user's": lambda folder: (folder / "thesis.tex").touch(),
    "an empty folder": lambda folder: (folder / "empty").mkdir(),
    "a file that was changed": lambda folder: (folder / "deep/weights.params").write_text("mine"),
    "a file beside ours": lambda folder: (folder / "deep/mine").touch(),
    "no proof": lambda folder: [shutil.rmtree(one) for one in folder.glob(f"{STAGING}*")],
    "the proof of another kind": lambda folder: [
        change_manifest(one, kind="image") for one in folder.glob(f"{STAGING}*")
    ],
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_what_a_killed_job_did_not_leave_is_refused(tmp_path, change):
    assert write_and_be_killed(tmp_path, 2)
    assert "deep" in names(tmp_path)
    change(tmp_path)
    before = names(tmp_path)
    with pytest.raises(ClientError, match="is not empty and holds no artifact"):
        write(tmp_path, "new")
    assert names(tmp_path) == before


def refusal(folder: Path, kind: str = "text") -> str:
    with pytest.raises(ClientError) as caught:
        read_manifest(folder, kind=kind)
    return str(caught.value)


@pytest.fixture
def model(tmp_path) -> Path:
    write(tmp_path / "model")
    return tmp_path / "model"


def change_manifest(folder: Path, **values: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, **values}))


def test_a_flipped_bit_is_found(model):
    weights = model / "deep/weights.params"
    content = bytearray(weights.read_bytes())
    content[3] ^= 1
    weights.write_bytes(content)
    assert f"{weights} is not what its manifest says" in refusal(model)


def test_a_file_cut_short_is_found(model):
    (model / "history.json").write_text("{")
    assert "history.json is not what its manifest says" in refusal(model)


def test_a_missing_file_is_named(model):
    (model / "history.json").unlink()
    assert "history.json is missing from the artifact. Fetch or train it anew." in refusal(model)


def test_a_folder_without_manifest_holds_no_artifact(tmp_path):
    assert f"{tmp_path} holds no artifact" in refusal(tmp_path)
    assert "holds no artifact" in refusal(tmp_path / "none")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"kind": 3}', "\0"])
def test_a_manifest_that_is_none_is_refused(model, text):
    (model / MANIFEST).write_text(text)
    assert "manifest.json: not a manifest of ours" in refusal(model)


def test_another_format_is_refused(model):
    change_manifest(model, format_version=99)
    assert "format version 99" in refusal(model)


def test_another_kind_is_refused(model):
    assert "holds a 'text' artifact, expected 'ensemble'" in refusal(model, kind="ensemble")


@pytest.mark.parametrize("name", ["../outside", "deep/../../outside", "{absolute}"])
def test_a_manifest_names_no_file_outside_its_folder(model, tmp_path, name):
    outside = tmp_path / "outside"
    outside.write_text("somebody else's")
    name = name.format(absolute=outside)
    change_manifest(model, files={name: sha256_of(outside)})
    assert "not a manifest of ours" in refusal(model)
