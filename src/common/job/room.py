"""Full disks, told by name: what fails for want of room seldom says where."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.job.errors import ClientError

_NOTHING = 1 << 20  # bytes; no file system is used up to the last
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)  # may come without a place


@contextmanager
def writing_to(*places: Path) -> Iterator[None]:
    """Within, what is written goes to `places`; a failure is told as theirs where one is full.

    To be left before what was written is removed.

    Raises:
        ClientError: names the full place, and what to do.
    """
    try:
        yield
    except ClientError:
        raise
    except Exception as error:
        full = [place for place in places if _is_full(place)]
        if not full and isinstance(error, OSError) and error.errno in NO_ROOM:
            full = list(places)  # a quota, or some of it was freed since
        if not full:
            raise
        raise ClientError(
            f"{full[0]} has no room left ({_size(full[0])}). Give it more: on SageMaker "
            "raise the job's VolumeSizeInGB."
        ) from error


def _is_full(place: Path) -> bool:
    try:
        return shutil.disk_usage(place).free < _NOTHING
    except OSError:
        return False


def _size(place: Path) -> str:
    if not _is_full(place):
        return "a quota, or it was full a moment ago"
    usage = shutil.disk_usage(place)
    return f"{usage.free / 1e6:.1f} of {usage.total / 1e6:.1f} MB are free"
