"""One labelled channel taken apart into train, validation and test, by stream."""

from __future__ import annotations

import random

from common.job.errors import ClientError
from common.pages.channel import Channel


def split_by_stream(
    channel: Channel, *, validation: float, test: float, seed: int
) -> dict[str, Channel]:
    """Channels by name; the same streams for the same names, shares and seed.

    Args:
        validation: share of the streams, as `test`; at least one stream each.

    Raises:
        ClientError: fewer than three streams.
    """
    streams = {channel.pages[rows.start].stream: rows for rows in channel.streams}
    if len(streams) < 3:
        raise ClientError(
            f"channel '{channel.name}': {len(streams)} streams cannot be split into train, "
            "validation and test. Give at least three, or three channels."
        )
    names = sorted(streams)
    random.Random(seed).shuffle(names)
    held_out = {
        "validation": max(1, round(validation * len(names))),
        "test": max(1, round(test * len(names))),
    }
    chosen: dict[str, list[str]] = {}
    for name, count in held_out.items():
        chosen[name], names = names[:count], names[count:]
    if not names:
        raise ClientError(
            f"channel '{channel.name}': validation and test leave no stream for train. "
            "Lower their shares."
        )
    parts = {"train": names, **chosen}
    return {
        part: channel.take(row for stream in sorted(of_part) for row in streams[stream])
        for part, of_part in parts.items()
    }
