"""What an earlier job left on S3, as a channel of a later one: `model.tar.gz`, `output.tar.gz`."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from common.job.artifact import MANIFEST
from common.job.errors import ClientError
from common.job.room import writing_to

_MODEL, _OUTPUT = "model.tar.gz", "output.tar.gz"


@dataclass(frozen=True)
class JobResults:
    """What an earlier job wrote: its artifact, and its output data."""

    model: Path
    output: Path


def open_results(channel: Path, scratch: Path) -> JobResults:
    """Unpack an earlier job's archives, found anywhere below `channel`, into `scratch`.

    A job run by hand leaves folders, not archives: `model/` with its manifest and `output/`
    directly in the channel serve as well.

    Raises:
        ClientError: not exactly one of each archive, or one that is damaged or unsafe.
    """
    if (channel / "model" / MANIFEST).is_file() and (channel / "output").is_dir():
        return JobResults(channel / "model", channel / "output")
    archives = {name: _only(channel, name) for name in (_MODEL, _OUTPUT)}
    for name, archive in archives.items():
        _unpack(archive, scratch / name.partition(".")[0])
    return JobResults(scratch / "model", scratch / "output")


def open_artifact(channel: Path, scratch: Path) -> Path | None:
    """The folder of the artifact in a channel, unpacked into `scratch` where it is an archive.

    It lies in the channel itself, in its `model/`, or in a model.tar.gz anywhere below. None: there
    is nothing of the kind.

    Raises:
        ClientError: more than one archive, or one that is damaged or unsafe.
    """
    for folder in (channel, channel / "model"):
        if (folder / MANIFEST).is_file():
            return folder
    if not any(channel.rglob(_MODEL)):
        return None
    _unpack(_only(channel, _MODEL), scratch / "model")
    return scratch / "model"


def _only(channel: Path, name: str) -> Path:
    found = sorted(channel.rglob(name))
    if len(found) == 1:
        return found[0]
    what = "no" if not found else str(len(found))
    listing = (
        f" ({', '.join(str(path.relative_to(channel)) for path in found[:4])})" if found else ""
    )
    raise ClientError(
        f"channel {channel}: {what} {name} below it{listing}. Point the channel at the S3 prefix "
        "of exactly one base model's job."
    )


def _unpack(archive: Path, folder: Path) -> None:
    try:
        _check_sum(archive)
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                _refuse_unsafe(member, archive)
                _write(member, tar, folder)
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        raise ClientError(
            f"{archive}: damaged or not a gzipped tar archive ({error}). Fetch it anew."
        ) from error
    folder.mkdir(parents=True, exist_ok=True)


def _write(member: tarfile.TarInfo, tar: tarfile.TarFile, folder: Path) -> None:
    """A member's content; who owned it and who may read it stays behind.

    Not `extract`: Debian 12's Python has one without a filter for what is unsafe.
    """
    target = folder / member.name
    content = tar.extractfile(member)
    if content is None:
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with writing_to(folder), content, target.open("wb") as file:
        shutil.copyfileobj(content, file)


def _check_sum(archive: Path) -> None:
    """Read to gzip's checksum at the end: tar stops before it, at its own end mark."""
    with gzip.open(archive) as stream:
        while stream.read(1 << 20):
            pass


def _refuse_unsafe(member: tarfile.TarInfo, archive: Path) -> None:
    path = Path(member.name)
    if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
        raise ClientError(
            f"{archive}: member '{member.name}' is a link, a device or leads out of the archive. "
            "Use the archive that a job of this container wrote."
        )
