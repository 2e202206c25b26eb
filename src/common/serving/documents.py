"""Files as people have them, PDFs above all: to pages, before they wait for a model worker.

What reads them is given: something that has processes of its own, and takes its time.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Protocol

import gevent
from gevent.threadpool import ThreadPool

from common.serving.problems import unavailable

FILES = ("application/pdf", "image/tiff", "image/png", "image/jpeg")


class FilePage(Protocol):
    """A page of a file: its text, and its bitmap as PNG."""

    @property
    def text(self) -> str: ...

    @property
    def bitmap(self) -> bytes: ...


ReadFile = Callable[[bytes], Sequence[FilePage]]  # raises Problem; called in a thread


class Documents:
    """Reads files in threads, so that the front goes on meanwhile."""

    def __init__(self, read: ReadFile, at_once: int) -> None:
        self._read = read
        self._threads = ThreadPool(at_once)

    def lines(self, body: bytes, deadline: float) -> bytes:
        """The pages of a file as JSON lines, those of one stream.

        Raises:
            Problem: the file cannot be read, or not before `deadline`, a time of `monotonic`.
        """
        try:
            with gevent.Timeout(max(0.0, deadline - monotonic())):
                lines = self._threads.apply(self._lines, (body,))
        except gevent.Timeout as late:
            raise unavailable(
                "too_slow", "the file was not read in time", "Send a shorter one, or its text."
            ) from late
        if isinstance(lines, Exception):
            raise lines
        return lines

    def _lines(self, body: bytes) -> bytes | Exception:
        try:
            return b"\n".join(_line(page) for page in self._read(body))
        except Exception as error:  # what a thread raises, gevent prints, whatever it may quote
            return error


def _line(page: FilePage) -> bytes:
    image = base64.b64encode(page.bitmap).decode()
    return json.dumps({"text": page.text, "image": image}).encode()
