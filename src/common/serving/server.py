"""The server: connections, and an end that loses none of them."""

from __future__ import annotations

import signal
import socket as standard
from contextlib import suppress
from typing import Any

import gevent
from gevent.event import Event
from gevent.pool import Pool
from gevent.pywsgi import WSGIHandler, WSGIServer

from common.job.log import logger
from common.serving.file_reading import file_reading
from common.serving.front import Front
from common.serving.settings import Settings
from common.serving.workers import ModelWorkers

_CONNECTIONS = 1000
_IDLE, _HEAD = 75.0, 20.0  # seconds that a connection may wait for a request, and for its head
_LINGER = 0.5  # seconds after SIGTERM in which open connections may still begin a request


def serve_until_told(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then answer what is there.

    Raises:
        ClientError: the model cannot be used, or OCR that was asked for.
        OSError: the port cannot.
    """
    with file_reading(settings) as documents:
        workers = ModelWorkers(settings)
        _serve(settings, workers, Front(settings, workers, documents))


def _serve(settings: Settings, workers: ModelWorkers, front: Front) -> None:
    listener = _listener(settings)
    server = _Server(
        listener, front, spawn=Pool(_CONNECTIONS), handler_class=_Connection, log=None,
        error_log=logger,
    )  # fmt: skip
    told = Event()
    signals = [gevent.signal_handler(one, told.set) for one in (signal.SIGTERM, signal.SIGINT)]
    try:
        server.start()
        logger.info("listening at %s:%d", *listener.getsockname()[:2])
        workers.start()
        _wait(told, workers)
        front.draining = True
        server.drain(settings.drain_seconds)
        workers.give_up()
        server.pool.join(timeout=_LINGER)
    finally:
        server.stop(timeout=0)
        workers.stop()
        for one in signals:
            one.cancel()


def _wait(told: Event, workers: ModelWorkers) -> None:
    """Until the server is told to end; raises what keeps the models from being loaded."""
    first = gevent.spawn(workers.first.get)
    gevent.wait([told, first], count=1)
    if not told.is_set():
        first.get()
        told.wait()
    first.kill()


def _listener(settings: Settings) -> Any:
    family = standard.AF_INET6 if ":" in settings.host else standard.AF_INET
    listener = gevent.socket.socket(family, standard.SOCK_STREAM)
    listener.setsockopt(standard.SOL_SOCKET, standard.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise OSError(error.errno, error.strerror, f"{settings.host}:{settings.port}") from error
    listener.listen(1024)
    return listener


class _Server(WSGIServer):
    """gevent's, which knows the connections that wait for a request."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.idle: set[_Connection] = set()

    def drain(self, seconds: float) -> None:
        """Take no more connections, answer those that are there, at most for `seconds`."""
        self._accept_all()
        self.close()
        logger.info("ending: %d connections are open", len(self.pool))
        self.pool.join(timeout=min(_LINGER, seconds))
        for connection in list(self.idle):
            connection.hang_up()
        if not self.pool.join(timeout=seconds):
            logger.warning("%d connections are given up", len(self.pool))

    def _accept_all(self) -> None:
        """Those that the kernel has already greeted for us."""
        while (found := self.do_read()) is not None:
            self.do_handle(*found)


class _Connection(WSGIHandler):
    """A connection that does not wait for ever."""

    def read_requestline(self) -> str:
        self.server.idle.add(self)
        try:
            with gevent.Timeout(_IDLE, False):
                return super().read_requestline()
            return ""
        finally:
            self.server.idle.discard(self)

    def read_request(self, raw_requestline: str) -> Any:
        with gevent.Timeout(_HEAD, ValueError("the head of the request took too long")):
            return super().read_request(raw_requestline)

    def hang_up(self) -> None:
        """Wait for no further request; one that has arrived is still read."""
        with suppress(OSError):  # it may have gone already
            self.socket.shutdown(standard.SHUT_RD)
