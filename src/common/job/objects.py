"""Folders on S3, for what nobody mounts: SageMaker mounts them itself, AWS Batch does not.

Whatever is no `s3://…` is a folder here, so that the same job runs on a laptop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common.job.errors import ClientError

_SCHEME = "s3://"
_AT_ONCE = 16  # objects on their way


def names_below(place: str) -> list[str]:
    """Names of all files below a place, with slashes, sorted.

    Raises:
        ClientError: there is nothing.
    """
    if not is_remote(place):
        files = (path for path in _folder(place).rglob("*") if path.is_file())
        names = [path.relative_to(place).as_posix() for path in files]
    else:
        bucket, prefix = _split(place)
        keys = (key for key, _ in _objects(_client(), bucket, prefix) if _leads_below(key, prefix))
        names = [key.removeprefix(prefix) for key in keys]
    if not names:
        raise _nothing(place)
    return sorted(names)


def fetched(place: str, scratch: Path) -> Path:
    """The folder at a place, copied into `scratch` where it lies on S3.

    Raises:
        ClientError: there is nothing.
    """
    if not is_remote(place):
        return _folder(place)
    return fetched_files(place, names_below(place), scratch)


def fetched_files(place: str, names: Iterable[str], scratch: Path) -> Path:
    """A folder in `scratch` with some of the files below a place: copies, or links to them."""
    fetch = _copier(place) if is_remote(place) else _linker(place)

    def bring(name: str) -> None:
        file = scratch / name
        file.parent.mkdir(parents=True, exist_ok=True)
        fetch(name, file)

    scratch.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(bring, names))
    return scratch


def _nothing(place: str) -> ClientError:
    return ClientError(f"{place} holds nothing. Name a prefix with objects below it.")


def _copier(place: str) -> Callable[[str, Path], None]:
    bucket, prefix = _split(place)
    s3 = _client()
    return lambda name, file: s3.download_file(bucket, prefix + name, str(file))


def _linker(place: str) -> Callable[[str, Path], None]:
    folder = Path(place).resolve()
    return lambda name, file: file.symlink_to(folder / name)


def fetched_file(place: str, scratch: Path) -> Path:
    """The file at a place, copied into the folder `scratch` where it lies on S3.

    Raises:
        ClientError: there is none, or it may not be read.
    """
    if not is_remote(place):
        if not Path(place).is_file():
            raise ClientError(f"{place} is not a file. Name one that exists.")
        return Path(place)
    bucket, _, key = place.removeprefix(_SCHEME).partition("/")
    file = scratch / Path(key).name
    scratch.mkdir(parents=True, exist_ok=True)
    s3 = _client()
    try:
        s3.download_file(bucket, key, str(file))
    except s3.exceptions.ClientError as error:
        raise ClientError(f"{place} cannot be read ({error}). Name an object that can.") from error
    return file


def is_remote(place: str) -> bool:
    return place.startswith(_SCHEME)


def fetched_apart(place: str, scratch: Path, most: int) -> tuple[Path, dict[str, str]]:
    """What lies below a place on S3, or is the object of that name, each object by itself.

    Args:
        scratch: where it is copied to.
        most: bytes that an object may have.

    Returns:
        Where it is, a folder or the one file; and of objects that could not be had, by their names
        below the place, why not.

    Raises:
        ClientError: the place cannot be looked at, or there is nothing.
    """
    bucket, prefix = _split(place)
    with _told(place):
        s3 = _client()
        found = _named(s3, bucket, prefix)
    if not found:
        raise _nothing(place)

    def fetch(name: str) -> str | None:
        key, size = found[name]
        if size > most:
            return f"it has {size:,} bytes, more than {most:,}. Split it"
        if any(part in ("", ".", "..") for part in name.split("/")):
            return "its key is no path below the prefix. Copy it to another"
        file = scratch / name
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, key, str(file))
        except _failures() as error:
            return f"it cannot be fetched ({error}). See that it may be read"
        return None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        why = dict(zip(found, pool.map(fetch, found), strict=True))
    refused = {name: reason for name, reason in why.items() if reason is not None}
    scratch.mkdir(parents=True, exist_ok=True)
    alone = [name for name, (key, _) in found.items() if key == prefix.rstrip("/")]
    return (scratch / alone[0] if alone and not refused else scratch), refused


def _named(s3: Any, bucket: str, prefix: str) -> dict[str, tuple[str, int]]:
    """Key and size, by name, of all below a prefix; or else of the one object that is called so."""
    below = {
        key.removeprefix(prefix): (key, size)
        for key, size in _objects(s3, bucket, prefix)
        if not key.endswith("/")
    }
    if below or not prefix:
        return below
    alone = prefix.rstrip("/")
    return {
        key.rpartition("/")[2]: (key, size)
        for key, size in _objects(s3, bucket, alone)
        if key == alone
    }


@contextmanager
def _told(place: str) -> Iterator[None]:
    """What S3 refuses, as somebody who named the place can mend it."""
    try:
        yield
    except _failures() as error:
        raise ClientError(
            f"{place} cannot be listed ({error}). See that the name is right, and that the "
            "credentials here may list and read it."
        ) from error


def _failures() -> tuple[type[Exception], ...]:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError
    from botocore.exceptions import ClientError as Refused

    return Boto3Error, BotoCoreError, Refused, OSError


def store(folder: Path, place: str, *, last: str | None = None) -> None:
    """Copy what lies below `folder` to S3, `last` after all else: who finds it finds everything.

    Nothing is done where the place is the folder itself.
    """
    if not is_remote(place):
        if Path(place).resolve() != folder.resolve():
            raise ValueError(f"{place} is another folder than {folder}")
        return
    bucket, prefix = _split(place)
    s3 = _client()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    final = names.pop(last, None) if last else None

    def send(name: str) -> None:
        s3.upload_file(str(names[name]), bucket, prefix + name)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(send, names))
    if final is not None:
        s3.upload_file(str(final), bucket, f"{prefix}{last}")


def target(place: str, scratch: Path) -> Path:
    """Where to write what `store` then brings to a place."""
    return scratch if is_remote(place) else Path(place)


def _folder(place: str) -> Path:
    if not Path(place).is_dir():
        raise ClientError(f"{place} is not a folder. Name one that exists.")
    return Path(place)


def _split(place: str) -> tuple[str, str]:
    bucket, _, prefix = place.removeprefix(_SCHEME).partition("/")
    return bucket, f"{prefix.rstrip('/')}/" if prefix.rstrip("/") else ""


def _leads_below(key: str, prefix: str) -> bool:
    """S3 allows keys that are no paths below a folder, and empty objects that stand for folders."""
    name = key.removeprefix(prefix)
    return bool(name) and not name.endswith("/") and ".." not in Path(name).parts


def _objects(s3: Any, bucket: str, prefix: str) -> Iterator[tuple[str, int]]:
    """Key and size in bytes of all that begins so."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", ()):
            yield found["Key"], found["Size"]


def _client() -> Any:
    import boto3  # only where it is asked for: training has neither network nor credentials

    return boto3.client("s3")
