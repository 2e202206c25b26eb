"""Decoded bitmaps that outlive a job: files in a folder of the user's, for the next job to read.

A file holds the bitmaps of a channel as bytes, one after another, and a sha256. Its name says
what was decoded, and to which size. It appears whole or not at all, and is read from its first to
its last byte before it is believed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import PIL

from common.job.errors import ClientError
from common.job.log import logger

_FORM = "2"  # changes with decode()
_BLOCK = 1 << 20
_DIGEST = 32  # bytes of a sha256


@dataclass(frozen=True)
class BitmapStore:
    """The files of one folder, made where it is missing."""

    folder: Path

    @classmethod
    def within(cls, folder: Path) -> BitmapStore:
        """The one in `folder`, in a folder of its own that nobody else can write to.

        Raises:
            ClientError: that is somebody else's, or open to others.
        """
        own = folder / "bitmaps"
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = own.lstat()
        if not stat.S_ISDIR(state.st_mode) or not _ours(state) or state.st_mode & 0o077:
            raise ClientError(
                f"--cache-dir: {own} must be a folder of your own that nobody else can enter "
                "(chmod 700). Remove it, or name another --cache-dir."
            )
        return cls(own)

    def file(self, hashes: Sequence[str], height: int, width: int) -> Path:
        """Where bitmaps of that size belong, by the sha256 of the images that they come from."""
        known = [_FORM, PIL.__version__, str(height), str(width), *hashes]
        return self.folder / hashlib.sha256("\n".join(known).encode()).hexdigest()

    def open(self, file: Path, size: int) -> int | None:
        """A descriptor of `size` bytes of bitmaps; None where they are not there, or damaged."""
        try:
            handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.warning("%s cannot be read (%s): its bitmaps are decoded anew", file, error)
            return None
        state = os.fstat(handle)
        whole = stat.S_ISREG(state.st_mode) and state.st_size == size + _DIGEST
        if _ours(state) and whole and _sha256(handle, size) == os.pread(handle, _DIGEST, size):
            return handle
        os.close(handle)
        logger.warning("%s is damaged or not yours: its bitmaps are decoded anew", file)
        return None

    @contextmanager
    def writing(self, file: Path) -> Iterator[int | None]:
        """A descriptor to write bitmaps to; those of a context that ends well are kept as `file`.

        None where another job is at it.
        """
        draft = file.with_name(f".{file.name}")
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if not _locked(handle, draft):  # what a killed job left is not locked any more
            os.close(handle)
            yield None
            return
        try:
            os.ftruncate(handle, 0)
            yield handle
            size = os.fstat(handle).st_size
            os.pwrite(handle, _sha256(handle, size), size)
            os.fsync(handle)
            draft.replace(file)
        except BaseException:
            draft.unlink()
            os.close(handle)
            raise


def _ours(state: os.stat_result) -> bool:
    return state.st_uid == os.geteuid()


def _locked(handle: int, file: Path) -> bool:
    """Lock a file for as long as it is open; False where it is another's, or no longer there."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle), file.stat())
    except OSError:
        return False


def _sha256(handle: int, size: int) -> bytes:
    digest = hashlib.sha256()
    for start in range(0, size, _BLOCK):
        digest.update(os.pread(handle, min(_BLOCK, size - start), start))
    return digest.digest()
