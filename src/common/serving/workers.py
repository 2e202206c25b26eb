"""The front's side of the model workers: who waits, who is asked, and what if one of them dies.

A worker that is free takes all that waits, up to a limit, so that pages of concurrent requests go
through the models together; where nothing waits, nothing is delayed.
"""

from __future__ import annotations

from time import monotonic

import gevent
from gevent.event import AsyncResult
from gevent.queue import Empty, Queue

from common.job.errors import JobError
from common.job.log import logger
from common.serving.exchange import Question, Reply
from common.serving.problems import unavailable
from common.serving.settings import Settings
from common.serving.worker_process import WorkerProcess, start_worker

_TOGETHER = 16  # requests that go through the models at once
_TOGETHER_BYTES = 8 << 20
_TRIES = 2  # a request that outlives its worker is tried once more, alone
_LOOK = 1.0  # seconds between two looks at an idle worker
_SLOWEST_START = 10.0  # seconds between two starts of workers that die at once


class Ticket:
    """A question that waits for its reply until `deadline`."""

    def __init__(self, question: Question, deadline: float) -> None:
        self.question, self.deadline = question, deadline
        self.result: AsyncResult = AsyncResult()
        self.tries = 0
        self.together = 1  # requests that it was judged with
        self.queued = 0.0  # seconds until a worker took it
        self._began = monotonic()

    @property
    def waits(self) -> bool:
        """Whether anybody still wants the reply."""
        return not self.result.ready() and monotonic() < self.deadline

    def take(self) -> Question:
        """A worker has begun."""
        self.queued = monotonic() - self._began
        return self.question


class ModelWorkers:
    """Processes with models, each fed by a greenlet."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._queue: Queue = Queue()
        self._open: set[Ticket] = set()
        self._ready: set[int] = set()
        self._feeders: list[gevent.Greenlet] = []
        self.first: AsyncResult = AsyncResult()  # of the start of any worker: is the model usable?

    @property
    def ready(self) -> int:
        """How many can answer."""
        return len(self._ready)

    @property
    def waiting(self) -> int:
        """Questions that no worker has taken yet."""
        return self._queue.qsize()

    def start(self) -> None:
        """Begin to start them; `first` tells how that went."""
        for place in range(self._settings.workers):
            self._feeders.append(gevent.spawn(self._feed, place))

    def stop(self) -> None:
        """End all workers."""
        gevent.killall(self._feeders)

    def ask(self, question: Question, deadline: float) -> tuple[Reply, Ticket]:
        """Wait for the reply, until `deadline`, a time of `monotonic`.

        Raises:
            Problem: there was none in time.
        """
        ticket = Ticket(question, deadline)
        self._queue.put(ticket)
        self._open.add(ticket)
        try:
            return ticket.result.get(timeout=max(0.0, deadline - monotonic())), ticket
        except gevent.Timeout as late:
            ticket.result.set(None)  # nobody waits any more
            raise unavailable(
                "too_slow",
                f"there was no answer within {self._settings.limits.seconds:g} s",
                "Send fewer pages at a time, or again later.",
            ) from late
        finally:
            self._open.discard(ticket)

    def give_up(self) -> None:
        """Tell all that wait that there will be no reply."""
        for ticket in self._open:
            ticket.result.set(Reply(problem=unavailable("ending", "the server ends")))

    def _feed(self, place: int) -> None:
        """Keep one worker alive, and busy."""
        pause = 0.0
        while True:
            try:
                worker = start_worker(self._settings)
            except JobError as error:
                logger.error("model worker %d did not start: %s", place, error)
                self.first.set_exception(error)
                pause = min(_SLOWEST_START, pause * 2 + 1)
                gevent.sleep(pause)
                continue
            self.first.set(None)
            logger.info("model worker %d is ready (process %d)", place, worker.process.pid)
            self._ready.add(place)
            try:
                if self._work(worker):
                    pause = 0.0
            finally:
                self._ready.discard(place)
                worker.kill()
            logger.error("model worker %d ended: %s; starting another", place, worker.end)
            gevent.sleep(pause)
            pause = min(_SLOWEST_START, pause * 2 + 1)

    def _work(self, worker: WorkerProcess) -> bool:
        """Feed a worker until it dies; returns whether it ever answered."""
        answered = False
        while worker.lives:
            tickets = self._take()
            if not tickets:
                continue
            if not worker.lives:  # it died in its sleep: nobody's fault
                for ticket in tickets:
                    self._queue.put(ticket)
                return answered
            try:
                replies = worker.ask(
                    [ticket.question for ticket in tickets], self._settings.limits.seconds
                )
            except (EOFError, OSError, gevent.Timeout):
                worker.kill()
                for ticket in tickets:
                    self._try_again(ticket)
                return answered
            answered = True
            for ticket, reply in zip(tickets, replies, strict=True):
                if ticket.waits:
                    ticket.result.set(reply)
        return answered

    def _take(self) -> list[Ticket]:
        """The requests that go through the models next; none if nobody came for a while."""
        taken: list[Ticket] = []
        size = 0
        try:
            while len(taken) < _TOGETHER and size < _TOGETHER_BYTES:
                ticket = self._queue.get(timeout=_LOOK) if not taken else self._queue.get_nowait()
                if not ticket.waits:
                    continue
                if ticket.tries and taken:
                    self._queue.put(ticket)
                    break
                size += len(ticket.take().body)
                taken.append(ticket)
                if ticket.tries:
                    break
        except Empty:
            pass
        for ticket in taken:
            ticket.together = len(taken)
        return taken

    def _try_again(self, ticket: Ticket) -> None:
        ticket.tries += 1
        if ticket.tries < _TRIES:
            self._queue.put(ticket)
        elif ticket.waits:
            problem = unavailable(
                "worker_died",
                "the process that worked on this request died, twice",
                "Look whether these pages can be read elsewhere. Other requests are not affected.",
            )
            ticket.result.set(Reply(problem=problem))
