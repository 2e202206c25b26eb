"""A page: one line of a channel's `pages.jsonl`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from common.pages.stored_text import StoredText

PageKey = tuple[str, int]


class PageRecord(BaseModel):
    """A line as it is written: what it must hold, and of what type."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    # numpy's strings, which page outputs are keyed by, lose a NUL at their end.
    stream: str = Field(pattern=r"^[^\x00]+$", description="the upload that the page belongs to")
    page: int = Field(ge=1, lt=2**31, description="its place in the stream, from 1")
    document: str | None = Field(default=None, min_length=1)
    label: str | None = Field(default=None, min_length=1)
    text: str = Field(description="OCR or text-layer text, may be empty")
    image: str | None = Field(default=None, description="path relative to the channel")
    rotation: Literal[0, 90, 180, 270] = 0
    blank: bool = False
    language: str | None = None
    source: str | None = None
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What is known of one page before any model has looked at it.

    `document`, `label`, `source` and `licence` tell the answer or its provenance:
    no model may read them as input. `rotation` says by how many degrees, clockwise, the page was
    turned to be upright, `blank` that there is nothing on it.
    """

    stream: str
    page: int
    content: str | StoredText
    document: str | None = None
    label: str | None = None
    image: str | None = None
    rotation: int = 0
    blank: bool = False
    language: str | None = None
    source: str | None = None
    licence: str | None = None

    @property
    def key(self) -> PageKey:
        return self.stream, self.page

    @property
    def text(self) -> str:
        """Read each time from the channel's file, where the page comes from one."""
        return self.content if isinstance(self.content, str) else self.content.read()

    @property
    def has_text(self) -> bool:
        if isinstance(self.content, str):
            return bool(self.content.strip())
        return not self.content.blank

    @property
    def has_image(self) -> bool:
        return self.image is not None

    @property
    def text_digest(self) -> bytes:
        """sha256 of the text."""
        return digest_of(self.content) if isinstance(self.content, str) else self.content.digest

    @property
    def record(self) -> PageRecord:
        """The line that says all this."""
        named = {name: getattr(self, name) for name in PageRecord.model_fields}
        return PageRecord.model_construct(**named)


def digest_of(text: str) -> bytes:
    """sha256; a lone surrogate, which JSON may hold, counts as what it is."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
