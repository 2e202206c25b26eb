"""A server of its own process on loopback, and what a client says to it."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.contract.programs import SRC, environment, flags
from tests.sample import SAMPLE

JSON, LINES = "application/json", "application/jsonlines"
PATIENCE = 120.0  # seconds until a test gives up: a busy machine is slow


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Of the problem that is told."""
        return self.json["error"]["code"]


@dataclass
class Server:
    process: subprocess.Popen
    port: int = 0
    lines: list[str] = field(default_factory=list)

    def ask(self, path="/invocations", body=None, *, method="POST", **headers: str) -> Answer:
        """One request of a connection of its own; `_` in a header's name stands for `-`."""
        with connection(self.port) as client:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            client.request(method, path, body, named)
            return answer_of(client)

    def judge(self, pages, **headers: str) -> Answer:
        body = json.dumps({"pages": pages}).encode()
        return self.ask(body=body, **{"Content_Type": JSON, **headers})

    def ping(self) -> int:
        try:
            return self.ask("/ping", method="GET").status
        except OSError:
            return 0

    @property
    def workers(self) -> list[int]:
        """Process of each model worker that was ever ready, in order."""
        found = (re.search(r"is ready \(process (\d+)\)", line) for line in list(self.lines))
        return [int(match[1]) for match in found if match]

    @property
    def requests(self) -> list[dict]:
        """What the log says of each request."""
        return [json.loads(line) for line in list(self.lines) if line.startswith("{")]

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def end(self) -> int:
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status

    def read(self) -> None:
        """Collect what it logs, until it ends."""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))


@contextmanager
def connection(port: int) -> Iterator[http.client.HTTPConnection]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        yield client
    finally:
        client.close()


def answer_of(client: http.client.HTTPConnection) -> Answer:
    response = client.getresponse()
    return Answer(response.status, dict(response.headers), response.read())


def until(condition) -> None:
    """Wait for it; fails if it does not come true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@contextmanager
def serving(
    model: Path, variables: Mapping[str, str] | None = None, **settings
) -> Iterator[Server]:
    """A server that answers; `settings` are its flags."""
    named = {"model": model, "host": "127.0.0.1", "port": 0, "workers": 1, **settings}
    words = flags({name.replace("_", "-"): value for name, value in named.items()})
    with started([word for word in words if word != "True"], variables) as server:
        until(lambda: server.workers and server.ping() == 200)
        yield server


@contextmanager
def started(words: list[str], variables: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server that listens; whatever happens, it is gone afterwards."""
    process = subprocess.Popen(
        [sys.executable, str(SRC / "serve.py"), *words],
        env=environment(OMP_NUM_THREADS="1", **(variables or {})),
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process)
    server.read()
    try:
        until(lambda: process.poll() is not None or "listening at" in "".join(server.lines))
        found = re.search(r"listening at \S+:(\d+)", "".join(server.lines))
        server.port = int(found[1]) if found else 0
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        server.end()
        process.stderr.close()


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    os.kill(pid, number)


def sent_pages(stream: str, *, channel: Path = SAMPLE / "test") -> list[dict]:
    """Pages of a stream of the sample as a request holds them."""
    records = map(json.loads, (channel / "pages.jsonl").read_text().splitlines())
    return [
        {
            "stream": record["stream"],
            "page": record["page"],
            "text": record["text"],
            "image": base64.b64encode((channel / record["image"]).read_bytes()).decode(),
        }
        for record in records
        if record["stream"] == stream
    ]


def sample_streams(channel: Path = SAMPLE / "test") -> list[str]:
    records = map(json.loads, (channel / "pages.jsonl").read_text().splitlines())
    return list(dict.fromkeys(record["stream"] for record in records))
