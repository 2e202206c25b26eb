"""What happens to a running job: each waits for a moment, and then does something to it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.container.engine import Container

Act = Callable[[Sequence[Container], Path], None]  # of a job's hosts, and the first one's folders
Deed = Callable[[Container], None]


def term(container: Container) -> None:
    container.signal("TERM")


def kill(container: Container) -> None:
    container.signal("KILL")


def pause(container: Container) -> None:
    container.pause()


def kill_program(container: Container) -> None:
    container.kill_process("src/trai[n]_")


def kill_toolkit(container: Container) -> None:
    container.kill_process("venv/bin/trai[n]")


def twice(deed: Deed) -> Deed:
    def act(container: Container) -> None:
        deed(container)
        deed(container)

    return act


def at_start(deed: Deed) -> Act:
    def act(hosts: Sequence[Container], base: Path) -> None:
        hosts[0].wait_until_started()
        deed(hosts[0])

    return act


def after_log(pattern: str, deed: Deed, times: int = 1, delay: float = 0, host: int = 0) -> Act:
    """Wait for so many lines of the first host's log, and `delay` seconds more."""

    def act(hosts: Sequence[Container], base: Path) -> None:
        hosts[0].wait_for(pattern, times)
        time.sleep(delay)
        deed(hosts[host])

    return act


def when_there_is(pattern: str, deed: Deed) -> Act:
    """Wait for a file, which may be there for a moment only."""

    def act(hosts: Sequence[Container], base: Path) -> None:
        while not any(base.glob(pattern)):
            assert hosts[0].running, f"{pattern} was never there: {hosts[0].log}"
            time.sleep(0.0005)
        deed(hosts[0])

    return act


def at_a_random_moment(seed: int, span: float, deed: Deed) -> Act:
    """Some time from the start to `span` seconds after, or to the job's end."""

    def act(hosts: Sequence[Container], base: Path) -> None:
        hosts[0].wait_until_started()
        time.sleep(random.Random(seed).uniform(0, span))
        deed(hosts[0])

    return act
