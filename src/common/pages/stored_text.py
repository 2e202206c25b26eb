"""Texts that stay in their file until somebody asks for them: a channel may hold gigabytes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic_core import from_json

from common.job.errors import ClientError


class LinesFile:
    """A file of JSON lines, opened when the first is read again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def _handle(self) -> int:
        return os.open(self.path, os.O_RDONLY)

    def line(self, offset: int, length: int) -> bytes:
        return os.pread(self._handle, length, offset)

    def __del__(self) -> None:
        if "_handle" in self.__dict__:
            os.close(self._handle)


@dataclass(frozen=True, slots=True)
class StoredText:
    """The field `text` of a JSON line: `length` bytes of a file from `offset` on.

    `blank`: there is nothing but white space; `digest`: sha256 of the text.
    """

    file: LinesFile
    offset: int
    length: int
    blank: bool
    digest: bytes

    def read(self) -> str:
        """The text; raises ClientError where the line is no longer what it was."""
        try:
            text = from_json(self.file.line(self.offset, self.length))["text"]
        except (ValueError, TypeError, KeyError):
            text = None
        if not isinstance(text, str):
            raise ClientError(
                f"{self.file.path} is no longer what it was when the job began. "
                "Leave channels alone while a job reads them, and start again."
            )
        return text
