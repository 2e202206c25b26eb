"""The failure file: what SageMaker shows of a job that failed."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from common.job.errors import JobError

FAILURE_LENGTH = 1024  # characters of the failure file that SageMaker shows


def report(error: JobError, failure: Path | None, cause: BaseException | None = None) -> int:
    """Tell of a failure on standard error and in `failure`, and return the exit status."""
    message = told_as(error)
    trace = "".join(traceback.format_exception(cause or error))
    place = cause.filename if isinstance(cause, OSError) else None
    if cause is not None and place is None:  # nothing but the trace says where
        print(trace, file=sys.stderr)
    print(message, file=sys.stderr, flush=True)
    if failure is not None and not failure.exists():
        failure.parent.mkdir(parents=True, exist_ok=True)
        room = FAILURE_LENGTH - len(message) - 1
        told = f"{message}\n{trace[-room:]}" if room > 0 else message[:FAILURE_LENGTH]
        failure.write_text(told, encoding="utf-8", errors="backslashreplace")
    return 1


def told_as(error: Exception) -> str:
    """Whose fault it is and what happened, as a failure file begins."""
    return f"{type(error).__name__}: {error}"
