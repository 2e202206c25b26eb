"""The files that somebody gives: one, a folder of them, ZIP archives."""

from __future__ import annotations

import os
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from common.documents.limits import Limits, RefusedFile
from common.job.errors import ClientError
from common.job.objects import fetched_apart, is_remote

MOST_MEMBERS = 100_000
MOST_UNPACKED = 50 << 30  # bytes of one archive
_ZIP = b"PK\x03\x04"
_NOT_GIVEN = {"Thumbs.db", "desktop.ini", "__MACOSX"}  # what systems leave behind


@dataclass(frozen=True)
class Source:
    """A file to be read, and its name within what was given, with slashes."""

    name: str
    path: Path


@dataclass(frozen=True)
class Refusal:
    """A file that is not read, and why not."""

    name: str
    reason: str


def brought_here(place: str, scratch: Path, limits: Limits) -> tuple[Path, list[Refusal]]:
    """The path of what is given, objects below `s3://…` copied into `scratch` first.

    Raises:
        ClientError: S3 does not say what is there, or nothing is.
    """
    if not is_remote(place):
        return Path(place), []
    path, refused = fetched_apart(place, scratch, limits.size)
    return path, [Refusal(name, reason) for name, reason in sorted(refused.items())]


def find_sources(given: Path, scratch: Path, limits: Limits) -> tuple[list[Source], list[Refusal]]:
    """All files that are given, in the order of their names, numbers in them as numbers.

    Args:
        given: a file, a ZIP, or a folder that may hold folders and ZIPs; links are not followed.
        scratch: where archives are unpacked; what they call their members does not matter there.
        limits: `size` of a member of an archive.

    Raises:
        ClientError: there is nothing of that name.
    """
    if not given.exists():
        raise ClientError(f"There is no {given}. Name a PDF, TIFF, image, ZIP or folder.")
    refused: list[Refusal] = []
    found: list[Source] = []
    for name, path in _files(given):
        if not _is_zip(path):
            found.append(Source(name, path))
            continue
        try:
            prefix = "" if path == given else f"{name}/"
            found += _unpacked(path, prefix, scratch / str(len(found)), limits, refused)
        except RefusedFile as refusal:
            refused.append(Refusal(name, str(refusal)))
    return sorted(found, key=lambda source: _natural(source.name)), refused


def _files(given: Path) -> Iterator[tuple[str, Path]]:
    if given.is_file():
        yield _text(given.name), given
    for folder, folders, names in os.walk(given):
        folders[:] = [name for name in folders if _is_given(name)]
        for name in names:
            path = Path(folder) / name
            if _is_given(name) and path.is_file():
                yield _text(path.relative_to(given).as_posix()), path


def _is_given(name: str) -> bool:
    return not name.startswith(".") and name not in _NOT_GIVEN


def _text(name: str) -> str:
    """The name as text that can be written, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "replace")


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts page-2 before page-10."""
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ZIP)) == _ZIP


def _unpacked(
    path: Path, prefix: str, folder: Path, limits: Limits, refused: list[Refusal]
) -> Iterator[Source]:
    """The members of an archive; those that are refused are added to `refused`."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            total = sum(member.file_size for member in members)
            if len(members) > MOST_MEMBERS or total > MOST_UNPACKED:
                raise RefusedFile(
                    f"it unpacks to {len(members):,} files, {total:,} bytes. Split it"
                )
            folder.mkdir(parents=True)
            for place, member in enumerate(members):
                parts = _path_in(member).parts
                if member.is_dir() or not all(_is_given(part) for part in parts if part != ".."):
                    continue
                target = folder / str(place)
                try:
                    _unpack(archive, member, target, limits)
                    yield Source(prefix + _text(member.filename), target)
                except RefusedFile as refusal:
                    refused.append(Refusal(prefix + _text(member.filename), str(refusal)))
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise RefusedFile(f"a damaged ZIP ({error}). Pack it anew") from error


def _path_in(member: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename.replace("\\", "/"))


def _unpack(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, limits: Limits
) -> None:
    name = _path_in(member)
    if name.is_absolute() or ".." in name.parts or stat.S_ISLNK(member.external_attr >> 16):
        raise RefusedFile("a link, or a name that leads out of the archive. Pack it anew")
    if member.flag_bits & 1:
        raise RefusedFile("it is encrypted. Pack it without a password")
    if member.file_size > limits.size:
        raise RefusedFile(
            f"it unpacks to {member.file_size:,} bytes, more than {limits.size:,}. Split it"
        )
    try:
        with archive.open(member) as content, target.open("wb") as file:
            shutil.copyfileobj(content, file)  # zipfile stops at the member's file_size
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise RefusedFile(f"damaged within its ZIP ({error}). Pack it anew") from error
    if _is_zip(target):
        target.unlink()
        raise RefusedFile("an archive within an archive. Unpack it first")
