"""One host of a job that comes to no good end: peer_program.py NAMES NAME FAILURE BEHAVIOUR."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from common.job import link, peers
from common.job.command import run_reporting
from common.job.errors import ClientError
from common.job.hosts import Hosts


def wait(together: peers.Peers) -> None:
    time.sleep(600)


def refuse(together: peers.Peers) -> None:
    raise ClientError("pages.jsonl line 3 is broken.")


def stumble(together: peers.Peers) -> None:
    raise RuntimeError("no such thing")


def be_ended(together: peers.Peers) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def listen(together: peers.Peers) -> None:
    together.gather(b"")
    together.broadcast(b"")


def keep(together: peers.Peers) -> None:
    """Take a while to end when another host was ended."""
    with together.time_to_end():
        while not together.ended:
            time.sleep(0.01)
        time.sleep(1)
        raise ClientError("it was kept.")


def die(together: peers.Peers) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def freeze(together: peers.Peers) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def compare(together: peers.Peers) -> None:
    told = {"train": "the same", "validation": together.hosts.current}
    together.refuse_differences(told, remedy="Replicate.")
    time.sleep(600)


BEHAVIOURS: dict[str, Callable[[peers.Peers], None]] = {
    act.__name__: act
    for act in (wait, refuse, stumble, be_ended, listen, keep, die, freeze, compare)
}


def main(names: str, name: str, failure: str, behaviour: str) -> int:
    link.SILENCE, peers.BEAT_EVERY = 2.0, 0.2

    def story() -> None:
        hosts = Hosts(tuple(names.split(",")), name)
        with peers.gathered(hosts, Path(failure), patience=60) as together:
            BEHAVIOURS[behaviour](together)

    return run_reporting(story, failure=Path(failure))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
