"""The body of a request, as far as a server takes it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import gevent
from werkzeug.wrappers import Request

from common.serving.problems import Problem, too_large, unreadable
from common.serving.settings import Limits

_BLOCK = 1 << 16
_UNREAD_SECONDS, _UNREAD_BYTES = 2.0, 64 << 20  # what is swallowed so that a refusal is heard


def read_body(request: Request, limits: Limits) -> bytes:
    """All of it, sent in one piece or in chunks.

    Raises:
        Problem: it is too large, too slow or broken off.
    """
    if (request.content_length or 0) > limits.bytes:
        raise _too_large(limits)
    try:
        with gevent.Timeout(limits.seconds):
            return _read(request.environ["wsgi.input"], limits)
    except gevent.Timeout as late:
        raise Problem(
            408,
            "too_slow_body",
            f"the body was not there within {limits.seconds:g} s",
            "Send it faster, or less of it.",
        ) from late
    except OSError as error:
        raise unreadable("the body broke off, or its chunks are malformed", "Send it whole.") from (
            error
        )


def _read(stream: Any, limits: Limits) -> bytes:
    parts, size = [], 0
    while block := stream.read(_BLOCK):
        size += len(block)
        if size > limits.bytes:
            raise _too_large(limits)
        parts.append(block)
    return b"".join(parts)


def _too_large(limits: Limits) -> Problem:
    return too_large(
        "too_many_bytes",
        f"the body has more than {limits.bytes:,} bytes",
        "Send fewer or smaller pages, or raise --max-payload-mb.",
    )


def swallow(stream: Any) -> None:
    """Read on for a while: whoever is still sending would not hear the answer else.

    The connection is of no use afterwards.
    """
    with suppress(OSError), gevent.Timeout(_UNREAD_SECONDS, False):
        size = 0
        while size < _UNREAD_BYTES and (block := stream.read(_BLOCK)):
            size += len(block)
    # gevent's own input would read the rest, however much it is.
    stream.content_length, stream.chunked_input = stream.position, False
