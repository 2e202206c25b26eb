"""Clients that ask one request after another until they are told to stop."""

from __future__ import annotations

import base64
import http.client
import json
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

JSON_LINES = "application/jsonlines"


@dataclass(frozen=True)
class Body:
    """A request, and how many pages it holds."""

    content: bytes
    pages: int


def bodies_of(channel: Path) -> list[Body]:
    """A request for each stream of a channel."""
    streams: dict[str, list[bytes]] = {}
    for line in (channel / "pages.jsonl").read_text(encoding="utf-8").splitlines():
        page = json.loads(line)
        if page.get("image"):
            page["image"] = base64.b64encode((channel / page["image"]).read_bytes()).decode()
        streams.setdefault(page["stream"], []).append(json.dumps(page).encode())
    return [Body(b"\n".join(pages), len(pages)) for pages in streams.values()]


@dataclass
class Load:
    """Clients at a port, which may change while they run, and what they saw."""

    port: int
    bodies: list[Body]
    clients: int
    seconds: list[float] = field(default_factory=list)  # of each answered request
    pings: list[float] = field(default_factory=list)
    pages: int = 0
    lost: list[str] = field(default_factory=list)  # requests without a good answer
    _stop: threading.Event = field(default_factory=threading.Event)
    _answered: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to ask, and beside that to ping twenty times a second."""
        self._threads = [
            threading.Thread(target=self._ask, args=(number,)) for number in range(self.clients)
        ]
        self._threads.append(threading.Thread(target=self._ping))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let all clients have their answer, and stop."""
        *clients, pinging = self._threads
        self._stop.set()
        for client in clients:
            client.join()
        self._answered.set()
        pinging.join()

    def _ask(self, number: int) -> None:
        order = random.Random(number)
        while not self._stop.is_set():
            body = order.choice(self.bodies)
            start = time.perf_counter()
            try:
                status = _post(self.port, body)
            except OSError as error:
                status = repr(error)
            took = time.perf_counter() - start
            with self._lock:
                if status == 200:
                    self.seconds.append(took)
                    self.pages += body.pages
                else:
                    self.lost.append(str(status))

    def _ping(self) -> None:
        while not self._answered.wait(0.05):
            start = time.perf_counter()
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                client.request("GET", "/ping")
                status = client.getresponse().status
            except OSError as error:
                self.lost.append(f"ping: {error!r}")
                continue
            finally:
                client.close()
            self.pings.append(time.perf_counter() - start)
            if status != 200:
                self.lost.append(f"ping: {status}")


def _post(port: int, body: Body) -> int:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    try:
        client.request("POST", "/invocations", body.content, {"Content-Type": JSON_LINES})
        response = client.getresponse()
        response.read()
        return response.status
    finally:
        client.close()
