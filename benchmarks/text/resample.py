"""Channels of any size from a few real ones: their documents again and again, words dropped.

PYTHONPATH=src:. .venv/bin/python -m benchmarks.text.resample --pages 20000 --output DIR CHANNEL…

A class is called by the folder that its channel lies in, then by its own name: office/contract.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.pages.channel import PAGES_FILE, read_channel
from common.pages.page import Page

STREAM = 25  # pages from which a new stream begins
MOST_DROPPED = 0.3  # of a copy's words
_WORD = re.compile(r"\s*\S+")


@dataclass(frozen=True)
class Original:
    """A labelled document of a channel: its class and the texts of its pages."""

    label: str
    texts: tuple[str, ...]


def originals(folder: Path) -> list[Original]:
    """The documents of a labelled channel; raises ClientError as `read_channel` does."""
    channel = read_channel(folder, labelled=True)
    source = folder.resolve().parent.name
    return [
        Original(f"{source}/{found.label}", tuple(channel.pages[row].text for row in found.rows))
        for found in channel.documents
    ]


def resampled(documents: Sequence[Original], pages: int, seed: int) -> Iterator[Original]:
    """Copies of documents, whole, until there are `pages` pages or a few more.

    All documents come in random order, then all again in another one. Each copy lacks a random
    share of its words, up to `MOST_DROPPED`.
    """
    rng = np.random.default_rng(seed)
    while True:
        for place in rng.permutation(len(documents)):
            if pages <= 0:
                return
            original = documents[place]
            share = rng.uniform(0, MOST_DROPPED)
            texts = tuple(_drop_words(text, share, rng) for text in original.texts)
            yield Original(original.label, texts)
            pages -= len(texts)


def _drop_words(text: str, share: float, rng: np.random.Generator) -> str:
    words = _WORD.findall(text)
    kept = rng.random(len(words)) >= share
    return "".join(word for word, stays in zip(words, kept, strict=True) if stays)


def write_streams(folder: Path, documents: Iterable[Original], name: str) -> int:
    """Write a channel, a page at a time; the streams' names begin with `name`.

    Returns:
        The number of its pages.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pages = stream = place = 0
    with (folder / PAGES_FILE).open("w", encoding="utf-8") as file:
        for number, document in enumerate(documents):
            if place >= STREAM:
                stream, place = stream + 1, 0
            for text in document.texts:
                place += 1
                page = Page(
                    stream=f"{name}-{stream}",
                    page=place,
                    document=f"{name}-{number}",
                    label=document.label,
                    content=text,
                )
                file.write(page.record.model_dump_json() + "\n")
            pages += len(document.texts)
    return pages


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("channels", type=Path, nargs="+", metavar="CHANNEL", help="labelled")
    parser.add_argument("--pages", type=int, required=True, help="0: the channels as they are")
    parser.add_argument("--output", type=Path, required=True, help="the new channel")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    documents = [found for folder in arguments.channels for found in originals(folder)]
    if arguments.pages:
        documents = resampled(documents, arguments.pages, arguments.seed)
    pages = write_streams(arguments.output, documents, arguments.output.name)
    print(f"{arguments.output}: {pages} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
