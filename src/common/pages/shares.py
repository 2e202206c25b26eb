"""Shares of a channel for several hosts: whole streams, about as many pages for each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from common.job.errors import ClientError
from common.pages.channel import Channel


def stream_shares(channel: Channel, hosts: int) -> list[NDArray[np.intp]]:
    """Rows of each host's share, ascending; the longest stream first, each to the smallest share.

    Raises:
        ClientError: fewer streams than hosts.
    """
    streams = channel.streams
    if len(streams) < hosts:
        raise ClientError(
            f"channel '{channel.name}': {len(streams)} streams cannot be shared out to {hosts} "
            f"hosts. Give it more, or set the job's InstanceCount to at most {len(streams)}."
        )
    shares: list[list[range]] = [[] for _ in range(hosts)]
    sizes = [0] * hosts
    for rows in sorted(streams, key=len, reverse=True):
        smallest = sizes.index(min(sizes))
        shares[smallest].append(rows)
        sizes[smallest] += len(rows)
    return [np.sort(np.concatenate([np.arange(r.start, r.stop) for r in rows])) for rows in shares]
