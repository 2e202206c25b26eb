"""Gradients summed over the hosts of a job by MXNet's own parameter servers, one on each host.

MXNet starts a server, or the scheduler that the servers and workers find each other by, in any
process that imports it with the variable DMLC_ROLE. Here these are children of the worker, which
end when it does, however that happens.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import mxnet as mx

from common.job.errors import AlgorithmError, ClientError
from common.job.peers import Peers

# The pipe's other end is closed by the kernel when the parent ends.
_ROLE = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(1)), daemon=True).start()
import mxnet
"""
_MISLEADING = "PORT"  # would be taken for the one to bind to
_WISHES = 100_000  # a key that no trainer has: theirs count parameters
_PATIENCE = 300.0  # seconds in which they find each other
_FAREWELL = 20  # seconds in which the servers end of themselves


class GradientSum(mx.kv.KVStoreBase):
    """What a `gluon.Trainer` sums gradients by; each host then updates its own parameters."""

    def __init__(self) -> None:
        self._servers: Any = mx.kv.create("dist_sync")
        self._known: set[int] = set()
        self._wishes: mx.nd.NDArray | None = None

    def broadcast(self, key: int, value: Any, out: Any, priority: int = 0) -> None:
        """Nothing: whoever trains sees to it that all hosts start from the same parameters."""

    def pushpull(self, key: int, value: Any, out: Any = None, priority: int = 0) -> None:
        """Replace `value`, or fill `out`, by the sum; all hosts ask for the same keys in turn."""
        if key not in self._known:
            self._known.add(key)
            self._servers.init(key, value[0])
        self._servers.pushpull(key, value, out=out, priority=priority)

    def wishes(self, own: Sequence[bool]) -> list[bool]:
        """Which wishes some host had the last time that all asked; at first none.

        All hosts ask after the same steps and hear the same. Nobody waits: what they said last
        was summed with the gradients since.
        """
        heard = [False] * len(own) if self._wishes is None else list(self._wishes.asnumpy() > 0)
        self._wishes = mx.nd.empty(len(own))
        self.pushpull(_WISHES, [mx.nd.array(own)], out=[self._wishes])
        return heard

    def is_capable(self, capability: str) -> bool:
        """The optimizer runs on each host, which a checkpoint then holds the states of."""
        return False

    @property
    def type(self) -> str:
        return "gradient_sum"

    @property
    def rank(self) -> int:
        return self._servers.rank

    @property
    def num_workers(self) -> int:
        return self._servers.num_workers

    def close(self) -> None:
        """Leave when all hosts have come so far; their servers end then."""
        mx.nd.waitall()
        self._servers = None

    def abandon(self) -> None:
        """Leave without the others, and let the process end without what they still owe."""
        self._servers.handle = None
        atexit.register(_end_at_once)


def _end_at_once() -> None:
    """Instead of MXNet's own end, which waits for all sums that were asked for."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


@contextmanager
def gradient_sum(peers: Peers) -> Iterator[GradientSum]:
    """The sum over all hosts, which all have to enter and leave."""
    roles = ["server"] if peers.hosts.place else ["scheduler", "server"]
    address = peers.links[0].here
    found = json.loads(peers.broadcast(json.dumps([address, _free_port(address)]).encode()))
    place = {
        "DMLC_PS_ROOT_URI": found[0],
        "DMLC_PS_ROOT_PORT": str(found[1]),
        "DMLC_NUM_WORKER": str(peers.count),
        "DMLC_NUM_SERVER": str(peers.count),
        "DMLC_NODE_HOST": address,
    }
    os.environ.pop(_MISLEADING, None)
    started = [_start(role, place) for role in roles]
    leaving = threading.Event()
    for role, process in zip(roles, started, strict=True):
        threading.Thread(target=_watch, args=(role, process, leaving, peers), daemon=True).start()
    os.environ.update(place, DMLC_ROLE="worker")
    try:
        with _in_time(peers):
            summed = GradientSum()
        try:
            yield summed
            leaving.set()
            summed.close()
        except BaseException:
            summed.abandon()
            raise
        for process in started:
            process.wait(_FAREWELL)
    finally:
        leaving.set()
        for process in started:
            process.kill()


@contextmanager
def _in_time(peers: Peers) -> Iterator[None]:
    """MXNet tries for ever to reach servers that it is kept from."""
    error = ClientError(
        f"host '{peers.hosts.current}': the parameter servers did not find each other within "
        f"{_PATIENCE:.0f} seconds. The security group of the job's VPC has to let its own members "
        "in on all ports."
    )
    timer = threading.Timer(_PATIENCE, peers.fail, (error,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _free_port(address: str) -> int:
    with socket.create_server((address, 0)) as server:
        return server.getsockname()[1]


def _start(role: str, place: dict[str, str]) -> subprocess.Popen:
    variables = {**os.environ, **place, "DMLC_ROLE": role, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-c", _ROLE], env=variables, stdin=subprocess.PIPE)


def _watch(role: str, process: subprocess.Popen, leaving: threading.Event, peers: Peers) -> None:
    """Without it the others would wait for ever."""
    status = process.wait()
    if not leaving.is_set():
        peers.fail(
            AlgorithmError(
                f"host '{peers.hosts.current}' failed: its parameter {role} ended with status "
                f"{status}. Look at its log: it may have run out of memory."
            )
        )
