"""Pages as the peers read them, with nothing but Python's own library."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

BATCH = 1000  # pages that a peer is asked about at a time
_DIGIT = re.compile(r"\d")
_SEPARATOR = re.compile(r"[\W_]+")
Item = TypeVar("Item")


class RawPage(NamedTuple):
    """A page's class and its text, as they stand in the channel."""

    label: str
    text: str


def raw_pages(folder: Path) -> Iterator[RawPage]:
    """The pages of a channel, one at a time, in the order of its file."""
    with (folder / "pages.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            page = json.loads(line)
            yield RawPage(page["label"], page["text"])


def plain_words(text: str) -> str:
    """Lower-case words in one line, digits 0, punctuation left out."""
    return _SEPARATOR.sub(" ", _DIGIT.sub("0", text.lower())).strip()


def batches(items: Iterable[Item], size: int = BATCH) -> Iterator[list[Item]]:
    """The items in lists of `size`; the last may be shorter."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch
