"""Artifacts: folders with a manifest that names the hash of every file.

An artifact appears whole or not at all. It is filled in a staging folder beside its place, loaded
again by the caller, then moved in; `manifest.json` arrives last, so a folder without one holds no
artifact. Nothing in it is executable or pickled, and nothing depends on the time of day.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from common.job.errors import AlgorithmError, ClientError
from common.job.files import sha256_of, write_json

MANIFEST = "manifest.json"
FORMAT_VERSION = 1


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
    files: dict[Annotated[str, AfterValidator(_inside)], str] = {}  # path → sha256


def write_artifact(
    folder: Path,
    manifest: Manifest,
    *,
    fill: Callable[[Path], None],
    check: Callable[[Path], object],
) -> None:
    """Write an artifact into `folder`, which is empty or holds an earlier one.

    Args:
        fill: writes the artifact's files into the folder it is given.
        check: loads what was written; a disk that is full must not end in success.

    Raises:
        ClientError: `folder` holds something that is not an artifact of ours.
        AlgorithmError: what was written cannot be loaded.
    """
    refuse_foreign(folder)
    folder.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=folder, prefix=".staging-"))
    try:
        fill(staging)
        write_json(staging / MANIFEST, {**manifest.model_dump(), "files": _hashes(staging)})
        try:
            check(staging)
        except ClientError as error:
            raise AlgorithmError(f"the artifact cannot be loaded again: {error}") from error
        _move_in(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


def refuse_foreign(folder: Path) -> None:
    """Raises ClientError where an artifact would have to overwrite what is not one."""
    if not folder.exists():
        return
    entries = [entry.name for entry in folder.iterdir() if not entry.name.startswith(".")]
    if entries and MANIFEST not in entries:
        raise ClientError(
            f"the model folder {folder} is not empty and holds no artifact "
            f"(it has {', '.join(sorted(entries)[:3])}). Name an empty or a new folder."
        )


def _move_in(staging: Path, folder: Path) -> None:
    try:
        _clear(folder, staging)
        for entry in sorted(staging.iterdir(), key=lambda entry: entry.name == MANIFEST):
            entry.rename(folder / entry.name)
    except BaseException:
        _clear(folder, staging)
        raise


def _clear(folder: Path, staging: Path) -> None:
    (folder / MANIFEST).unlink(missing_ok=True)
    for entry in folder.iterdir():
        if entry != staging:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def read_manifest(folder: Path, *, kind: str) -> Manifest:
    """Read a manifest and check every file that it names.

    Raises:
        ClientError: no artifact, one of another kind or version, or a file that has changed.
    """
    file = folder / MANIFEST
    if not file.is_file():
        raise ClientError(f"{folder} holds no artifact: there is no {MANIFEST} in it.")
    try:
        manifest = Manifest.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise ClientError(
            f"{file}: not a manifest of ours ({error.error_count()} faults)."
        ) from error
    if manifest.format_version != FORMAT_VERSION:
        raise ClientError(
            f"{file}: format version {manifest.format_version}, this program reads "
            f"{FORMAT_VERSION}. Train the model anew."
        )
    if manifest.kind != kind:
        raise ClientError(f"{folder}: holds a '{manifest.kind}' artifact, expected '{kind}'.")
    _check_files(folder, manifest.files)
    return manifest


def _check_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise ClientError(f"{path} is missing from the artifact. Fetch or train it anew.")
        if sha256_of(path) != expected:
            raise ClientError(
                f"{path} is not what its manifest says (sha256 differs). Fetch or train it anew."
            )
