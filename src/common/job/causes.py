"""What an unexpected exception means for whoever started the job, and what to change."""

from __future__ import annotations

from common.job.deaths import SMALLER
from common.job.errors import AlgorithmError, ClientError, JobError
from common.job.room import NO_ROOM

_NO_MEMORY = "out of memory"  # CUDA's words, and so MXNet's
_LONGEST = 200  # characters of what a library said


def cause_of(error: Exception) -> JobError:
    """The error to report: the user's where there is a place or a memory to look at, else ours."""
    if isinstance(error, OSError) and (error.filename or error.errno in NO_ROOM):
        return _about_a_place(error)
    if isinstance(error, MemoryError) or _NO_MEMORY in str(error).lower():
        return ClientError(f"there is not enough memory ({_told(error)}). {SMALLER}")
    return AlgorithmError(f"{type(error).__name__}: {error}")


def _about_a_place(error: OSError) -> ClientError:
    place = f"{error.filename}: " if error.filename else ""
    remedy = "Check that the place exists, may be read and written, and has room."
    return ClientError(f"{place}{error.strerror or error}. {remedy}")


def _told(error: Exception) -> str:
    """The line of a library's message that tells of memory."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = next((line for line in lines if _NO_MEMORY in line.lower()), "".join(lines[:1]))
    return line[-_LONGEST:] or type(error).__name__
