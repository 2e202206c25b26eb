"""Several hosts on one machine: each has a loopback address of its own for a name."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address
from itertools import count
from typing import TypeVar

from common.job.hosts import Hosts
from common.job.peers import Peers, gathered

_OF_PROCESS = 1024  # addresses
_START = count(step=8)
Said = TypeVar("Said")


def host_names(number: int) -> tuple[str, ...]:
    """Of a job of its own, in their order: no other job on this machine has the same."""
    start = IPv4Address("127.0.0.0") + (os.getpid() % 16_000 + 1) * _OF_PROCESS + next(_START)
    return tuple(sorted(str(start + place) for place in range(number)))


def on_hosts(number: int, act: Callable[[Peers], Said]) -> Sequence[Said]:
    """What `act` returns on each of the hosts of a job, which here are threads."""
    names = host_names(number)

    def work(name: str) -> Said:
        with gathered(Hosts(names, name)) as peers:
            return act(peers)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(work, names))
