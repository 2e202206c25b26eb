"""How the hosts of a job find each other: the first one listens, the others call."""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from collections.abc import Iterator

from common.job.errors import ClientError
from common.job.hosts import Hosts
from common.job.link import MESSAGE, receive_frame, send_frame

PORT = 7077  # of the first host
PATIENCE = 600.0  # seconds: hosts start as much apart as their instances and images take
_ONE_TRY, _PAUSE = 5.0, 0.5  # seconds
_LONGEST_NAME = 1000  # bytes
_REMEDY = (
    f"Look at its log. Hosts must reach the first one on port {PORT}, and each other on any: "
    "the security group of the job's VPC has to let its own members in."
)


def arrivals(hosts: Hosts, patience: float) -> Iterator[tuple[str, socket.socket]]:
    """Connections to the other hosts, each with its name: at the first host to all, else to it.

    A host that is named by an address listens, or calls, from there alone.

    Raises:
        ClientError: a host did not come, its name did not resolve, or nobody answered there,
            for `patience` seconds.
    """
    deadline = time.monotonic() + patience
    if hosts.place == 0:
        yield from _callers(hosts, deadline)
    else:
        yield hosts.first, _call(hosts, deadline)


def _callers(hosts: Hosts, deadline: float) -> Iterator[tuple[str, socket.socket]]:
    missing = [name for name in hosts.names if name != hosts.current]
    with socket.create_server((_own_address(hosts) or "", PORT), backlog=128) as server:
        while missing:
            server.settimeout(max(0.0, deadline - time.monotonic()) or 1e-3)
            try:
                connection = server.accept()[0]
            except TimeoutError:
                raise _absent(missing) from None
            name = _name_of_caller(connection)
            if name in missing:
                missing.remove(name)
                yield name, connection
            else:
                connection.close()


def _absent(missing: list[str]) -> ClientError:
    names = ", ".join(f"'{name}'" for name in missing)
    return ClientError(f"hosts that did not come: {names}. {_REMEDY}")


def _name_of_caller(connection: socket.socket) -> str | None:
    """None for a stranger."""
    connection.settimeout(None)
    try:
        return json.loads(receive_frame(connection, _ONE_TRY, _LONGEST_NAME)[1])
    except (OSError, ValueError):
        return None


def _call(hosts: Hosts, deadline: float) -> socket.socket:
    source = _own_address(hosts)
    while True:
        try:
            connection = socket.create_connection(
                (hosts.first, PORT), _ONE_TRY, (source, 0) if source else None
            )
            connection.settimeout(None)
            send_frame(connection, MESSAGE, json.dumps(hosts.current).encode())
            return connection
        except socket.gaierror as error:
            problem = f"its name does not resolve ({error.strerror})"
        except OSError as error:
            problem = f"it does not answer on port {PORT} ({error.strerror or error})"
        if time.monotonic() > deadline:
            raise ClientError(f"host '{hosts.first}' cannot be reached: {problem}. {_REMEDY}")
        time.sleep(_PAUSE)


def _own_address(hosts: Hosts) -> str | None:
    try:
        return str(ipaddress.ip_address(hosts.current))
    except ValueError:
        return None
