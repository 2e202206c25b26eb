"""Labelled channels in memory, for tests that read no files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from common.pages.channel import Channel
from common.pages.page import Page

Document = tuple[str, Sequence[str]]  # label, the text of each page


def channel_of(*streams: Sequence[Document], name: str = "train") -> Channel:
    """A channel whose streams hold the given documents one after another."""
    pages = []
    for number, documents in enumerate(streams, start=1):
        texts = [
            (f"{number}-{index}", label, text)
            for index, (label, page_texts) in enumerate(documents)
            for text in page_texts
        ]
        pages += [
            Page(stream=f"s{number}", page=place, document=document, label=label, content=text)
            for place, (document, label, text) in enumerate(texts, start=1)
        ]
    return Channel(name, Path("nowhere"), tuple(pages))
