"""Streams to training, validation and test: each class in its share, and the same every time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from common.job.errors import ClientError
from common.pages.channel import Channel


def split_streams(
    classes: Mapping[str, Sequence[str]], shares: Mapping[str, float], seed: int
) -> dict[str, str]:
    """Name of the channel of each stream.

    Iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011): the streams of the class that
    has the fewest left go one by one to the channel that lacks most of that class, of equals to the
    one that lacks most streams. Chance decides which stream comes first.

    Args:
        classes: of the documents of each stream.
        shares: of each channel, by name; their sum counts as one.
        seed: of that chance.

    Raises:
        ClientError: fewer streams than channels.
    """
    wanted = {name: share for name, share in shares.items() if share > 0}
    if len(classes) < len(wanted):
        raise ClientError(
            f"{len(classes)} streams cannot be split over {', '.join(wanted)}: each stays "
            "whole. Give more files, or set --split."
        )
    names = list(wanted)
    part = np.array(list(wanted.values())) / sum(wanted.values())
    rng = np.random.default_rng(seed)
    streams = sorted(classes)
    rng.shuffle(streams)
    left = {stream: Counter(classes[stream]) for stream in streams}
    remaining = sum(left.values(), Counter())
    lacking = {label: part * count for label, count in remaining.items()}
    room = part * len(streams)
    found: dict[str, str] = {}
    while left:
        stream, label = _next(left, remaining)
        need = lacking[label] if label is not None else room
        best = int(np.lexsort((room, need))[-1])
        found[stream] = names[best]
        room[best] -= 1
        remaining -= left[stream]
        for each, count in left.pop(stream).items():
            lacking[each][best] -= count
    return _none_empty(found, names, streams)


def _next(left: Mapping[str, Counter[str]], remaining: Counter[str]) -> tuple[str, str | None]:
    """A stream with the class of which the fewest documents are left, and that class."""
    if not remaining:
        return next(iter(left)), None
    label = min(remaining, key=lambda each: (remaining[each], each))
    return max(left, key=lambda stream: left[stream][label]), label


def _none_empty(
    found: dict[str, str], names: Sequence[str], streams: Sequence[str]
) -> dict[str, str]:
    """The same, but a stream for each channel, from the one with the most."""
    for name in names:
        if name not in found.values():
            fullest = Counter(found.values()).most_common(1)[0][0]
            found[next(stream for stream in streams if found[stream] == fullest)] = name
    return found


def split_by_stream(channel: Channel, shares: Mapping[str, float], seed: int) -> dict[str, Channel]:
    """A labelled channel taken apart into channels by name, as `split_streams` says."""
    rows_of = {channel.pages[rows.start].stream: rows for rows in channel.streams}
    classes = {
        stream: [document.label for document in channel.documents if document.stream == stream]
        for stream in rows_of
    }
    found = split_streams(classes, shares, seed)
    return {
        part: channel.take(
            row for stream, rows in sorted(rows_of.items()) if found[stream] == part for row in rows
        )
        for part in shares
    }
