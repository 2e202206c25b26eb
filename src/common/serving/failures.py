"""Failures of the server itself, told without a word of what was sent."""

from __future__ import annotations

import traceback

from common.job.log import logger
from common.serving.problems import Problem


def own_fault(error: Exception, *, quote: bool) -> Problem:
    """Tell the log where it happened; what the error says might quote a page."""
    said = f": {error}" if quote else ""
    trace = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s%s%s", trace, type(error).__name__, said)
    return Problem(
        500,
        "internal",
        f"the server failed ({type(error).__name__})",
        "Look for the request in the server's log, and report it.",
    )
