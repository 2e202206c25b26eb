"""A connection to another host of the job, over which both hear that the other is alive.

A frame is its kind, one byte, the length of its body, eight, and the body.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

BEAT, MESSAGE, FAILED, ENDED, FAREWELL = b"b", b"m", b"f", b"e", b"q"
BEAT_EVERY = 5.0  # seconds
SILENCE = 30.0  # seconds without a byte after which a host is taken for gone
_HEAD = struct.Struct("!cQ")
_LONGEST = 1 << 40  # bytes of a body

# (host, why it failed, or was ended, in its words) or, where it said nothing, (host, how it went)
LastWord = Callable[[str, bytes], None]
Gone = Callable[[str, str], None]


class Link:
    """A connection on which a thread listens from the start."""

    def __init__(
        self,
        host: str,
        connection: socket.socket,
        failed: LastWord,
        ended: LastWord,
        gone: Gone,
    ) -> None:
        self.host, self._connection = host, connection
        self._failed, self._ended, self._gone = failed, ended, gone
        self._sending = threading.Lock()
        self._messages: SimpleQueue[bytes | None] = SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def here(self) -> str:
        """This host's address, as the other one sees it."""
        return self._connection.getsockname()[0]

    def send(self, kind: bytes, body: bytes = b"") -> None:
        """Send a frame; if the other is gone, whoever listens is going to know."""
        try:
            with self._sending:
                send_frame(self._connection, kind, body)
        except OSError:
            pass

    def receive(self) -> bytes | None:
        """The next message; waits for it. None where there will be no more."""
        return self._messages.get()

    def wake(self) -> None:
        """Let whoever waits for a message wait no longer."""
        self._messages.put(None)

    def close(self, patience: float) -> None:
        """Close when the other end has, or at the end of one's patience, in seconds.

        What still comes is read, for a connection closed before is reset, and our last word, if it
        is on its way, is lost.
        """
        deadline = time.monotonic() + patience
        if threading.current_thread() is not self._listener:
            self._listener.join(patience)
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
            while (left := deadline - time.monotonic()) > 0:
                self._connection.settimeout(left)
                if not self._connection.recv(1 << 16):
                    break
        self._connection.close()

    def _listen(self) -> None:
        while True:
            try:
                kind, body = receive_frame(self._connection, SILENCE)
            except TimeoutError:
                return self._gone(self.host, f"it has been silent for {SILENCE:.0f} seconds")
            except OSError:
                return self._gone(self.host, "its connection closed without a word")
            if kind == MESSAGE:
                self._messages.put(body)
            elif kind == FAILED:
                return self._failed(self.host, body)
            elif kind == ENDED:
                return self._ended(self.host, body)
            elif kind == FAREWELL:
                return None


def send_frame(connection: socket.socket, kind: bytes, body: bytes = b"") -> None:
    connection.sendall(_HEAD.pack(kind, len(body)))
    connection.sendall(body)


def receive_frame(
    connection: socket.socket, patience: float, most: int = _LONGEST
) -> tuple[bytes, bytes]:
    """The next frame's kind and body, at most `most` bytes.

    Raises:
        TimeoutError: nothing came for `patience` seconds.
        ConnectionError: the connection was closed, or what came is no frame.
    """
    kind, length = _HEAD.unpack(_receive(connection, _HEAD.size, patience))
    if length > most:
        raise ConnectionError("not a frame")
    return kind, _receive(connection, length, patience)


def _receive(connection: socket.socket, length: int, patience: float) -> bytes:
    received = bytearray(length)
    left = memoryview(received)
    readable = select.poll()
    readable.register(connection, select.POLLIN)
    while left:
        if not readable.poll(patience * 1000):
            raise TimeoutError
        count = connection.recv_into(left)
        if not count:
            raise ConnectionError("closed")
        left = left[count:]
    return bytes(received)
