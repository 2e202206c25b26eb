"""The hosts of a job at work together: what they tell each other, and that they end together.

Every host is connected to the first. A host that fails says so, and one that is killed closes its
connection or falls silent; either way the others hear of it within a minute and end too, even
where they wait for something, inside MXNet say, that will never come. One that the platform ends
says so as well, and the others may first keep where they stand.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from common.job.errors import AlgorithmError, ClientError, JobError
from common.job.failure import report
from common.job.hosts import ONE_HOST, Hosts
from common.job.link import BEAT, BEAT_EVERY, ENDED, FAILED, FAREWELL, MESSAGE, Link
from common.job.log import logger
from common.job.meeting import PATIENCE, arrivals

_LINGER = 5.0  # seconds in which the others may close their ends, so that they hear our last word
TIME_TO_END = 45.0  # seconds in which a host may keep where it stands when another was ended
LATE = 20.0  # seconds for which a failure is told to hosts that had not come by then

End = Callable[[JobError], None]


class Peers:
    """This host's connections to the others: the first host's to all, another's to the first."""

    def __init__(self, hosts: Hosts = ONE_HOST, end: End | None = None) -> None:
        self.hosts, self._end = hosts, end
        self.links: list[Link] = []
        self._met, self._over = threading.Event(), threading.Event()
        self._ending, self._telling = threading.Lock(), threading.Lock()
        self._last_word: bytes | None = None
        self._time_to_end = 0.0
        self._heard_end = threading.Event()
        self._cause: JobError = AlgorithmError("")  # of that end

    @property
    def first(self) -> bool:
        """Is this the host that decides and writes?"""
        return self.hosts.place == 0

    @property
    def count(self) -> int:
        return len(self.hosts.names)

    def meet(self, patience: float) -> None:
        """Wait for all hosts; one that comes after a failure is told of it.

        Raises:
            ClientError: a host did not come for `patience` seconds.
        """
        for name, connection in arrivals(self.hosts, patience):
            with self._telling:
                link = Link(
                    name, connection, self.heard_failure, self.heard_end, self.heard_nothing
                )
                self.links.append(link)
                if self._last_word is not None:
                    link.send(FAILED, self._last_word)
        self.links.sort(key=lambda link: self.hosts.names.index(link.host))
        self._met.set()

    def gather(self, said: bytes) -> list[bytes]:
        """What all hosts said, in their order, at the first host; nothing at the others."""
        if not self.first:
            self.links[0].send(MESSAGE, said)
            return []
        return [said, *map(self._receive, self.links)]

    def broadcast(self, said: bytes) -> bytes:
        """What the first host said, at every host."""
        if not self.first:
            return self._receive(self.links[0])
        for link in self.links:
            link.send(MESSAGE, said)
        return said

    def refuse_differences(self, told: Mapping[str, str], *, remedy: str) -> None:
        """Check that what this host knows by name is the same as what the others know.

        Raises:
            ClientError: at the first host; the others are told.
        """
        of_hosts = [json.loads(said) for said in self.gather(json.dumps(dict(told)).encode())]
        for name, others in zip(self.hosts.names, of_hosts, strict=False):
            differing = sorted(key for key in told if others.get(key) != told[key])
            if differing:
                raise ClientError(
                    f"hosts '{self.hosts.first}' and '{name}' differ in {', '.join(differing)}. "
                    + remedy
                )

    @property
    def ended(self) -> bool:
        """Has the platform ended another host?"""
        return self._heard_end.is_set()

    def follow(self) -> NoReturn:
        """End as another host does that the platform has ended; wait until there is one.

        Raises:
            JobError: names it.
        """
        self._heard_end.wait()
        raise self._cause

    @contextmanager
    def time_to_end(self) -> Iterator[None]:
        """Within, this host looks whether another was `ended`, and then has a while to `follow`."""
        self._time_to_end = TIME_TO_END
        try:
            yield
        finally:
            self._time_to_end = 0.0

    def fail(self, error: JobError, kind: bytes = FAILED) -> None:
        """End this process from whichever thread, and those of the other hosts."""
        if self._over.is_set():  # it is our own leaving that makes the others leave
            return
        with self._ending:
            if self._over.is_set():
                return
            self._tell(error, kind)
            if self._end is not None:
                self._end(error)

    def part_in_failure(self, error: BaseException) -> None:
        """Tell the others why this host leaves."""
        gently = self.ended or isinstance(error, KeyboardInterrupt)
        with self._ending:
            self._tell(self._own_failure(error), ENDED if gently else FAILED)
            self.close()

    def give_notice(self, error: BaseException) -> None:
        """Tell those who wait for this host, which has met nobody, that it failed and how."""
        self._tell(self._own_failure(error), FAILED)
        with suppress(ClientError, OSError):
            self.meet(LATE)
        self.close()

    def close_late(self) -> None:
        """Close when hosts that come a little later have heard our last word, too."""
        self._met.wait(LATE)
        self.close()

    def part(self) -> None:
        """Leave when all hosts have come so far, if they have not yet."""
        if self._over.is_set():
            return
        self.gather(b"")
        self.broadcast(b"")
        self._over.set()
        for link in self.links:
            link.send(FAREWELL)
        self.close()

    def close(self) -> None:
        """Close the connections when the others have, or soon."""
        deadline = time.monotonic() + _LINGER
        for link in self.links:
            link.close(max(0.0, deadline - time.monotonic()))

    def heard_failure(self, host: str, told: bytes) -> None:
        """A host's last word, told from a link's thread."""
        self.fail(_error(told))

    def heard_end(self, host: str, told: bytes) -> None:
        """A host was ended by the platform, told from a link's thread."""
        if self.ended:
            return
        self._cause = _error(told)
        self._heard_end.set()
        for link in self.links:
            if self.first:
                link.send(ENDED, told)
            link.wake()
        if not self._over.wait(self._time_to_end):
            self.fail(self._cause, ENDED)

    def heard_nothing(self, host: str, how: str) -> None:
        """A host is gone, told from a link's thread."""
        self.fail(
            AlgorithmError(
                f"host '{host}' is gone: {how}. Look at its log: it may have run out of memory, "
                "or its instance may have been taken away."
            )
        )

    def beat(self) -> None:
        """Show the others every few seconds that this process is alive, until it leaves."""
        while not self._over.wait(BEAT_EVERY):
            for link in self.links:
                link.send(BEAT)

    def _receive(self, link: Link) -> bytes:
        said = link.receive()
        return self.follow() if said is None else said

    def _own_failure(self, error: BaseException) -> JobError:
        kind = ClientError if isinstance(error, ClientError) else AlgorithmError
        plain = isinstance(error, (JobError, KeyboardInterrupt))
        cause = str(error) if plain else f"{type(error).__name__}: {error}"
        return kind(f"host '{self.hosts.current}' failed: {cause}")

    def _tell(self, error: JobError, kind: bytes) -> None:
        self._over.set()
        with self._telling:
            told = {"kind": type(error).__name__, "message": str(error)}
            self._last_word = json.dumps(told).encode()
            for link in self.links:
                link.send(kind, self._last_word)


def _error(told: bytes) -> JobError:
    cause = json.loads(told)
    kind = ClientError if cause["kind"] == ClientError.__name__ else AlgorithmError
    return kind(cause["message"])


ALONE = Peers()


@contextmanager
def gathered(
    hosts: Hosts, failure: Path | None = None, patience: float = PATIENCE
) -> Iterator[Peers]:
    """The hosts of a job, all there, until all have come to the end.

    Args:
        failure: the file in which this process says why it ends when another host does.
        patience: seconds for which late hosts are waited for.

    Raises:
        ClientError: a host did not come.
    """
    if len(hosts.names) == 1:
        yield ALONE
        return

    def end(error: JobError) -> None:
        report(error, failure)
        peers.close_late()
        sys.stdout.flush()
        os._exit(1)  # from a thread, and the main one may wait for what will never come

    peers = Peers(hosts, end)
    threading.Thread(target=peers.beat, daemon=True).start()
    try:
        peers.meet(patience)
        peers.broadcast(b"")  # no host begins, and none fails, before the last one is there
        logger.info("host '%s', %d of %d", hosts.current, hosts.place + 1, peers.count)
        yield peers
        peers.part()
    except BaseException as error:
        peers.part_in_failure(error)
        raise
