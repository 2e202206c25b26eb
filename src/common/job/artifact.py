"""Artifacts: folders with a manifest that names the hash of every file.

An artifact appears whole or not at all. It is filled in a staging folder beside its place, loaded
again by the caller, then moved in; `manifest.json` arrives last, so a folder without one holds no
artifact. A job that is killed in between leaves it in the staging folder, where it proves to the
next one what may be removed. Nothing in an artifact is executable or pickled, and nothing depends
on the time of day.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from common.job.errors import AlgorithmError, ClientError
from common.job.files import sha256_of, write_json
from common.job.room import writing_to

MANIFEST = "manifest.json"
HISTORY = "history.json"  # the curve of every figure that training watched
STAGING = ".staging-"
REMOVED = "removed.json"  # in a staging folder: the manifest of what has been or is being removed
FORMAT_VERSION = 3
SHOWN = 3  # names of what is in the way


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("leads out of the artifact")
    return name


class Manifest(BaseModel):
    """What an artifact says of itself."""

    model_config = ConfigDict(frozen=True)

    format_version: int = FORMAT_VERSION
    kind: str
    classes: tuple[str, ...]
    hyperparameters: dict[str, Any]
    packages: dict[str, str]
    data: dict[str, str]  # channel → fingerprint of its pages
    metrics: dict[str, float]
    pretrained: str | None = None  # fingerprint of what it was trained on from
    learnt: tuple[str, ...] = ()  # fingerprints of the streams that went into its parameters
    files: dict[Annotated[str, AfterValidator(_inside)], str] = {}  # path → sha256


def write_artifact(
    folder: Path,
    manifest: Manifest,
    *,
    fill: Callable[[Path], None],
    check: Callable[[Path], object],
) -> None:
    """Write an artifact into `folder`, which is empty or holds an earlier one of its kind.

    Args:
        fill: writes the artifact's files into the folder it is given.
        check: loads what was written; a disk that is full must not end in success.

    Raises:
        ClientError: `folder` holds something else.
        AlgorithmError: what was written cannot be loaded.
    """
    refuse_foreign(folder, kind=manifest.kind)
    folder.mkdir(parents=True, exist_ok=True)
    earlier = {entry.name for entry in folder.iterdir()}
    staging = Path(tempfile.mkdtemp(dir=folder, prefix=STAGING))
    try:
        with writing_to(folder):
            fill(staging)
            write_json(staging / MANIFEST, {**manifest.model_dump(), "files": _hashes(staging)})
            _see_it_loads(staging, check)
        _move_in(staging, folder, earlier)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _see_it_loads(staging: Path, check: Callable[[Path], object]) -> None:
    try:
        check(staging)
    except ClientError as error:
        raise AlgorithmError(f"the artifact cannot be loaded again: {error}") from error


def _hashes(folder: Path) -> dict[str, str]:
    return {name: sha256_of(folder / name) for name in sorted(_files_below(folder))}


def _files_below(folder: Path) -> set[str]:
    files = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return {path.relative_to(folder).as_posix() for path in files}


def refuse_foreign(folder: Path, *, kind: str) -> None:
    """Check that an artifact of `kind` may be written to a folder, over an earlier one.

    Raises:
        ClientError: there is something in it that would be lost: whatever no manifest of ours
            names, or an artifact of another kind.
    """
    if not folder.exists():
        return
    found = {entry.name for entry in folder.iterdir() if not entry.name.startswith(STAGING)}
    if not found:
        return
    remedy = "Name an empty or a new folder."
    if MANIFEST not in found:
        if not _unnamed(folder, _named_by_the_killed(folder, kind)):
            return
        raise ClientError(
            f"the model folder {folder} is not empty and holds no artifact "
            f"(it has {_some(found)}). {remedy}"
        )
    try:
        manifest = _parse_manifest(folder / MANIFEST)
    except ClientError as error:
        raise ClientError(f"{error} The folder also has {_some(found)}. {remedy}") from error
    if manifest.kind != kind:
        raise ClientError(
            f"the model folder {folder} holds a '{manifest.kind}' artifact, and this job writes "
            f"'{kind}'. {remedy}"
        )
    if strange := _unnamed(folder, {MANIFEST, *manifest.files}):
        raise ClientError(
            f"the model folder {folder} holds more than its artifact: {_some(strange)}. {remedy}"
        )


def _named_by_the_killed(folder: Path, kind: str) -> set[str]:
    """Files that are named by what jobs left in staging folders when they were killed.

    A file that has changed since is not among them.
    """
    named: set[str] = set()
    for file in (*folder.glob(f"{STAGING}*/{MANIFEST}"), *folder.glob(f"{STAGING}*/{REMOVED}")):
        try:
            manifest = _parse_manifest(file)
        except ClientError:  # it was not finished, and so nothing moved
            continue
        if manifest.kind == kind:
            named |= {
                name
                for name, expected in manifest.files.items()
                if not (folder / name).is_file() or sha256_of(folder / name) == expected
            }
    return named


def _unnamed(folder: Path, named: Collection[str]) -> set[str]:
    """Files, and entries of the folder itself, that are not named."""
    tops = {top for name in named for top in PurePosixPath(name).parts[:1]}
    entries = {entry.name for entry in folder.iterdir()}
    strange = _files_below(folder).difference(named) | (entries - tops)
    return {name for name in strange if not name.startswith(STAGING)}


def _some(names: Collection[str]) -> str:
    return ", ".join(sorted(names)[:SHOWN]) + (", …" if len(names) > SHOWN else "")


def _move_in(staging: Path, folder: Path, earlier: Collection[str]) -> None:
    arriving = sorted(
        (entry.name for entry in staging.iterdir()), key=lambda name: name == MANIFEST
    )
    try:
        _remove(folder, earlier, staging)
        for name in arriving:
            (staging / name).rename(folder / name)
    except BaseException:
        _remove(folder, {*earlier, *arriving}, staging)
        raise


def _remove(folder: Path, names: Collection[str], staging: Path) -> None:
    """Remove entries of a folder; some may be gone already.

    The manifest goes first, into `staging`, and the killed's staging folders last.
    """
    if MANIFEST in names and (folder / MANIFEST).exists():
        (folder / MANIFEST).rename(staging / REMOVED)
    for name in sorted(names, key=lambda name: name.startswith(STAGING)):
        entry = folder / name
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)


def read_manifest(folder: Path, *, kind: str) -> Manifest:
    """Read a manifest and check every file that it names.

    Raises:
        ClientError: no artifact, one of another kind or version, or a file that has changed.
    """
    file = folder / MANIFEST
    if not file.is_file():
        raise ClientError(f"{folder} holds no artifact: there is no {MANIFEST} in it.")
    manifest = _parse_manifest(file)
    if manifest.format_version != FORMAT_VERSION:
        raise ClientError(
            f"{file}: format version {manifest.format_version}, this program reads "
            f"{FORMAT_VERSION}. Train the model anew."
        )
    if manifest.kind != kind:
        raise ClientError(f"{folder}: holds a '{manifest.kind}' artifact, expected '{kind}'.")
    _check_files(folder, manifest.files)
    return manifest


def _parse_manifest(file: Path) -> Manifest:
    try:
        return Manifest.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise ClientError(
            f"{file}: not a manifest of ours ({error.error_count()} faults)."
        ) from error


def _check_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise ClientError(f"{path} is missing from the artifact. Fetch or train it anew.")
        if sha256_of(path) != expected:
            raise ClientError(
                f"{path} is not what its manifest says (sha256 differs). Fetch or train it anew."
            )
