"""A page: one line of a channel's `pages.jsonl`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

PageKey = tuple[str, int]


class Page(BaseModel):
    """What is known of one page before any model has looked at it.

    `document`, `label`, `source` and `licence` tell the answer or its provenance:
    no model may read them as input.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    # numpy's strings, which page outputs are keyed by, lose a NUL at their end.
    stream: str = Field(pattern=r"^[^\x00]+$", description="the upload that the page belongs to")
    page: int = Field(ge=1, lt=2**31, description="its place in the stream, from 1")
    document: str | None = Field(default=None, min_length=1)
    label: str | None = Field(default=None, min_length=1)
    text: str = Field(description="OCR or text-layer text, may be empty")
    image: str | None = Field(default=None, description="path relative to the channel")
    language: str | None = None
    source: str | None = None
    licence: str | None = None

    @property
    def key(self) -> PageKey:
        return self.stream, self.page

    @property
    def has_text(self) -> bool:
        return bool(self.text.strip())

    @property
    def has_image(self) -> bool:
        return self.image is not None
