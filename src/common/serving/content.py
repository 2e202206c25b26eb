"""From the body of a request to a channel of pages.

JSON and JSON lines hold pages as `pages.jsonl` does, but for `image`, which is the bitmap itself in
base64. A PNG or JPEG is one page without text.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from common.pages.bitmaps import Bitmap, TooManyPixels, fitted, open_bitmap
from common.pages.channel import Channel, reading_order
from common.pages.page import Page
from common.serving.problems import Problem, too_large, unreadable, unusable
from common.serving.settings import Limits

JSON, JSON_LINES = "application/json", "application/jsonlines"
LINES = (JSON_LINES, "application/jsonl", "application/x-ndjson", "application/x-jsonlines")
IMAGES = ("image/png", "image/jpeg")
CONTENT_TYPES = (JSON, *LINES, *IMAGES)
_FORMATS = ("PNG", "JPEG", "TIFF")  # Pillow reads others by programs that are not here
_REMEDY, _TOLD = "Send JSON, in UTF-8.", "docs/serving.md tells what a body holds."
_STREAM = "stream"  # the name of one that has none


class SentPage(BaseModel):
    """A page as it is sent; further fields are ignored."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    stream: str = Field(default=_STREAM, max_length=1000, pattern=r"^[^\x00]+$")
    page: int | None = Field(default=None, ge=1, lt=2**31)
    text: str = ""
    image: str | None = None


Placed = tuple[str, SentPage]  # with where it stands, for messages


@dataclass(frozen=True)
class Content:
    """The pages of a body, and their bitmaps by `image`."""

    channel: Channel
    bitmaps: dict[str, Bitmap]


@dataclass(frozen=True)
class Reader:
    """Makes pages of bodies.

    `shape` is (height, width) of the bitmaps that the image model looks at; None where there is no
    such model, and bitmaps need not be decoded.
    """

    limits: Limits
    shape: tuple[int, int] | None

    def read(self, content_type: str, body: bytes) -> Content:
        """The pages of a body, their bitmaps decoded where somebody looks at them.

        Raises:
            Problem: says what is wrong with the body.
        """
        if not body:
            raise unreadable("the body is empty", "Send pages.")
        if content_type == JSON:
            sent = self._parsed(body)
        elif content_type in LINES:
            sent = list(self._parsed_lines(body))
        else:
            return self._content([("the body", SentPage())], {0: body})
        if not sent:
            raise unusable("there is no page", "Send at least one.")
        return self._content(sent, _images_of(sent))

    def _parsed(self, body: bytes) -> list[Placed]:
        """The first that is wrong is told, and nothing is read beyond it."""
        try:
            whole = from_json(body)
        except ValueError as error:
            raise unreadable(f"the body: {error}", _REMEDY) from error
        pages = whole.get("pages") if isinstance(whole, dict) else None
        if not isinstance(pages, list):
            raise unusable("the body is no object with a list `pages`", _TOLD)
        self._count(len(pages))
        return [(f"pages[{place}]", _page(place, page)) for place, page in enumerate(pages)]

    def _parsed_lines(self, body: bytes) -> Iterator[Placed]:
        pages = 0
        for number, line in enumerate(BytesIO(body), start=1):
            if not line.strip():
                continue
            pages += 1
            self._count(pages)
            try:
                yield f"line {number}", SentPage.model_validate_json(line)
            except ValidationError as error:
                raise _refused(error, f"line {number}") from error

    def _count(self, pages: int) -> None:
        if pages > self.limits.pages:
            raise too_large(
                "too_many_pages",
                f"there are more than {self.limits.pages} pages",
                "Send fewer, whole streams at a time, or raise --max-pages.",
            )

    def _content(self, sent: Sequence[Placed], images: Mapping[int, bytes]) -> Content:
        """The pages that were sent, with the images of some of them."""
        bitmaps: dict[str, Bitmap] = {}
        pages = []
        for place, (where, page, number) in enumerate(_numbered(sent)):
            name = str(place) if place in images else None
            if name is not None:
                bitmap = self._bitmap(where, images[place])
                if bitmap is not None:
                    bitmaps[name] = bitmap
            pages.append(Page(page.stream, number, page.text, image=name))
        return Content(Channel("request", Path(), reading_order(pages)), bitmaps)

    def _bitmap(self, where: str, content: bytes) -> Bitmap | None:
        try:
            with open_bitmap(BytesIO(content), most=self.limits.pixels, formats=_FORMATS) as image:
                return None if self.shape is None else fitted(image, *self.shape)
        except TooManyPixels as error:
            raise too_large(
                "too_many_pixels", f"{where}: {error}", "Send it smaller, or raise --max-pixels."
            ) from error
        except Exception as error:  # a broken image may break any part of its decoder
            raise unusable(
                f"{where}: not an image that can be read",
                f"Send one that is whole, as {', '.join(_FORMATS)}.",
            ) from error


def _numbered(sent: Iterable[Placed]) -> Iterator[tuple[str, SentPage, int]]:
    """The pages with their numbers; raises Problem where one comes twice."""
    pages_of: Counter[str] = Counter()
    places: dict[tuple[str, int], str] = {}
    for where, page in sent:
        pages_of[page.stream] += 1
        number = page.page or pages_of[page.stream]
        earlier = places.setdefault((page.stream, number), where)
        if earlier != where:
            raise unusable(
                f"{where}: page {number} of its stream is there already ({earlier})",
                "Number the pages of a stream 1, 2, …, or leave `page` out of all of them.",
            )
        yield where, page, number


def _images_of(sent: Iterable[Placed]) -> dict[int, bytes]:
    return {
        place: _decoded(where, page.image)
        for place, (where, page) in enumerate(sent)
        if page.image is not None
    }


def _decoded(where: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise unusable(
            f"{where}: its image is not base64", "Send the bitmap itself in base64, not its path."
        ) from error


def _page(place: int, sent: Any) -> SentPage:
    try:
        return SentPage.model_validate(sent)
    except ValidationError as error:
        raise _refused(error, f"pages[{place}]") from error


def _refused(error: ValidationError, where: str) -> Problem:
    details = error.errors(include_url=False, include_input=False, include_context=False)
    if details[0]["type"] == "json_invalid":
        return unreadable(f"{where}: {details[0]['msg']}", _REMEDY)
    told = [".".join([where, *map(str, one["loc"])]) + f": {one['msg']}" for one in details]
    return unusable("; ".join(told), _TOLD)
