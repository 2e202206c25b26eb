"""Training streams: documents in the order that they came in, or put together anew.

A stream is an arbitrary concatenation of documents, so any order of whole documents is as good a
training stream as those that somebody happened to upload.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from common.pages.channel import Channel, Document


@dataclass(frozen=True)
class LabelledStream:
    """rows int [pages] into a channel; labels int [pages] and starts bool [pages]."""

    rows: NDArray[np.intp]
    labels: NDArray[np.intp]
    starts: NDArray[np.bool_]


def original_streams(channel: Channel, classes: Sequence[str]) -> list[LabelledStream]:
    """The streams of a labelled channel as they are."""
    return [_concatenate(documents, classes) for documents in _by_stream(channel)]


def recombined_streams(
    channel: Channel,
    classes: Sequence[str],
    rng: np.random.Generator,
    sizes: Sequence[int] | None = None,
) -> list[LabelledStream]:
    """All documents of the channel, each once, in random order.

    Args:
        sizes: documents of a stream, to be drawn from; default those of the channel, each once. A
            fold of a channel holds its streams in part, so it needs the sizes of the whole ones.
    """
    documents = channel.documents
    order = [documents[index] for index in rng.permutation(len(documents))]
    if sizes is None:
        drawn = rng.permutation(stream_sizes(channel))
    else:
        drawn = rng.choice(np.asarray(sizes), size=len(documents))
    cuts = np.cumsum(drawn)
    groups = np.split(np.arange(len(order)), cuts[cuts < len(order)])
    return [_concatenate([order[index] for index in group], classes) for group in groups]


def stream_sizes(channel: Channel) -> list[int]:
    """Number of documents of each stream."""
    return [len(stream) for stream in _by_stream(channel)]


def as_channel(channel: Channel, streams: Sequence[LabelledStream], name: str) -> Channel:
    """Streams put together anew, as a channel of their own: `name`-1, `name`-2, …"""
    pages = []
    for number, stream in enumerate(streams, start=1):
        documents = np.cumsum(stream.starts)
        for position, row in enumerate(stream.rows):
            place = {
                "stream": f"{name}-{number}",
                "page": position + 1,
                "document": str(documents[position]),
            }
            pages.append(replace(channel.pages[row], **place))
    return replace(channel, name=name, pages=tuple(pages))


def _by_stream(channel: Channel) -> list[list[Document]]:
    streams: dict[str, list[Document]] = {}
    for document in channel.documents:
        streams.setdefault(document.stream, []).append(document)
    return list(streams.values())


def _concatenate(documents: Sequence[Document], classes: Sequence[str]) -> LabelledStream:
    lengths = [len(document.rows) for document in documents]
    labels = [classes.index(document.label) for document in documents]
    starts = np.zeros(sum(lengths), dtype=bool)
    starts[np.cumsum([0, *lengths[:-1]])] = True
    rows = np.concatenate([np.asarray(document.rows) for document in documents])
    return LabelledStream(rows, np.repeat(labels, lengths), starts)
