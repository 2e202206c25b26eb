"""What the front and a model worker say to each other: a JSON head and blocks of bytes.

On the wire: length of the head (4 bytes, big-endian), the head with the sizes of the blocks, the
blocks.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any, Protocol

_LENGTH = struct.Struct(">I")
_AT_ONCE = 1 << 20  # bytes


class Wire(Protocol):
    """A stream socket, of gevent's or the standard library's."""

    def sendall(self, data: bytes, /) -> None: ...

    def recv(self, size: int, /) -> bytes: ...


def send(wire: Wire, head: dict[str, Any], blocks: Sequence[bytes] = ()) -> None:
    """Send one message; raises OSError where nobody reads any more."""
    packed = json.dumps({"head": head, "sizes": [len(block) for block in blocks]}).encode()
    wire.sendall(_LENGTH.pack(len(packed)) + packed)
    for block in blocks:
        wire.sendall(block)


def receive(wire: Wire) -> tuple[dict[str, Any], list[bytes]]:
    """The next message; raises EOFError where the other side has gone."""
    (length,) = _LENGTH.unpack(_exactly(wire, _LENGTH.size))
    packed = json.loads(_exactly(wire, length))
    return packed["head"], [_exactly(wire, size) for size in packed["sizes"]]


def _exactly(wire: Wire, size: int) -> bytes:
    parts = []
    while size:
        part = wire.recv(min(size, _AT_ONCE))
        if not part:
            raise EOFError("the other side has gone")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
