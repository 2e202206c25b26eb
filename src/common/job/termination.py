"""SIGTERM: the platform sends it two minutes before it takes the machine away."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

GRACE = 60.0  # seconds; half of the platform's


def terminate(number: int = signal.SIGTERM, frame: Any = None) -> NoReturn:
    """Unwind, so that whatever is half-written is removed on the way out; handles a signal too."""
    raise KeyboardInterrupt("the platform ended the job (SIGTERM)")


@contextmanager
def deferred_termination(grace: float = GRACE) -> Iterator[Callable[[], bool]]:
    """Within, SIGTERM lets the job come to a place from which it can go on later.

    Yields a function that tells whether the job was asked to end. It ends when the context does,
    when it is asked once more, or after `grace` seconds, whichever comes first.
    """
    asked: list[int] = []

    def wait(number: int, frame: Any) -> None:
        asked.append(number)
        signal.signal(signal.SIGTERM, terminate)
        signal.setitimer(signal.ITIMER_REAL, grace)

    handlers = {signal.SIGTERM: wait, signal.SIGALRM: terminate}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield lambda: bool(asked)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        terminate()
