"""A server under load beside the models' own batch speed, and over a rolling restart.

    make bench BENCH=serving BENCH_ENSEMBLE=ENSEMBLE BENCH_TEST=CHANNEL

Load and batch take turns, so that whatever else the machine does falls on both. The batch runs in
as many processes as the server has model workers, with as many threads each, and as nice.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.serving.clients import Body, Load, bodies_of

HERE = Path(__file__).resolve().parent
SRC = HERE.parents[1] / "src"
_TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """`serve`, and the processes that it has started."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        words = ["--model", str(arguments.model), "--workers", str(arguments.workers)]
        places = ["--host", "127.0.0.1", "--port", "0"]
        words += ["--timeout", "600", "--max-payload-mb", "1000"]
        self.log = arguments.output.with_suffix(f".{time.time_ns()}.log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(SRC / "serve.py"), *words, *places],
                stderr=log,
            )
        self.port = int(self._logged(r"listening at \S+:(\d+)", 1)[0])
        self.workers = [
            int(pid) for pid in self._logged(r"ready \(process (\d+)\)", arguments.workers)
        ]

    def _logged(self, pattern: str, times: int) -> list[str]:
        while len(found := re.findall(pattern, self.log.read_text())) < times:
            if self.process.poll() is not None:
                raise RuntimeError(self.log.read_text())
            time.sleep(0.1)
        return found

    def processor(self) -> float:
        """Seconds that all its processes have had."""
        return sum(_processor(pid) for pid in (self.process.pid, *self.workers))

    def resident(self) -> list[int]:
        """MB at the most, the front's and each worker's."""
        return [_peak(pid) >> 10 for pid in (self.process.pid, *self.workers)]

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait()


def _processor(pid: int) -> float:
    numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / _TICKS


def _peak(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0


class Batch:
    """Processes that put the channel through the models, without any server."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        threads = max(1, len(os.sched_getaffinity(0)) // arguments.workers)
        command = [sys.executable, str(HERE / "batch.py"), arguments.model, arguments.input]
        self._processes = [
            subprocess.Popen(
                list(map(str, command)),
                env={"OMP_NUM_THREADS": str(threads), **os.environ, "PYTHONPATH": str(SRC)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(arguments.workers)
        ]
        for process in self._processes:
            self._hear(process)

    def run(self, seconds: float) -> dict[str, float]:
        """Pages a second of the wall clock, and of the processor."""
        for process in self._processes:
            print(seconds, file=process.stdin, flush=True)
        told = [self._hear(process) for process in self._processes]
        return {
            "wall": sum(one["pages"] / one["wall"] for one in told),
            "processor": sum(one["pages"] for one in told) / sum(one["processor"] for one in told),
        }

    def _hear(self, process: subprocess.Popen[str]) -> Any:
        if process.stdout is None:
            raise RuntimeError("no pipe")
        return json.loads(process.stdout.readline())

    def end(self) -> None:
        for process in self._processes:
            process.communicate()


def under_load(server: Server, bodies: Sequence[Body], clients: int, seconds: float) -> dict:
    """What clients see in so many seconds."""
    load = Load(server.port, list(bodies), clients)
    start, processor = time.perf_counter(), server.processor()
    load.start()
    time.sleep(seconds)
    load.stop()
    took, processor = time.perf_counter() - start, server.processor() - processor
    return {
        "wall": load.pages / took,
        "processor": load.pages / processor,
        "requests": len(load.seconds),
        "lost": load.lost,
        "latency": load.seconds,
        "ping": load.pings,
    }


def rolling_restart(arguments: argparse.Namespace, bodies: Sequence[Body], times: int) -> dict:
    """The clients go to the new server when it is ready; then the old one gets SIGTERM."""
    server = Server(arguments)
    load = Load(server.port, list(bodies), arguments.clients)
    load.start()
    statuses = []
    for _ in range(times):
        time.sleep(2)
        after = Server(arguments)
        load.port = after.port
        statuses.append(server.end())
        server = after
    load.stop()
    statuses.append(server.end())
    return {"restarts": times, "requests": len(load.seconds), "lost": load.lost, "ends": statuses}


def long_stream(server: Server, bodies: Sequence[Body], pages: int) -> dict:
    """One request with so many pages, the channel's again and again as one stream."""
    lines = [json.loads(line) for body in bodies for line in body.content.splitlines()]
    stream = [
        {**lines[number % len(lines)], "stream": "long", "page": number + 1}
        for number in range(pages)
    ]
    body = Body("\n".join(map(json.dumps, stream)).encode(), pages)
    load = Load(server.port, [body], clients=1)
    start = time.perf_counter()
    load.start()
    time.sleep(0.1)
    load.stop()
    return {
        "pages": load.pages,
        "lost": load.lost,
        "seconds": time.perf_counter() - start,
        "megabytes": len(body.content) >> 20,
        "ping": quantiles(load.pings),
    }


def quantiles(seconds: Iterable[float]) -> dict[str, float]:
    """Milliseconds."""
    values = sorted(seconds) or [0.0]
    return {
        f"p{share}": round(1000 * values[min(len(values) - 1, len(values) * share // 100)], 1)
        for share in (50, 95, 99, 100)
    }


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    bodies = bodies_of(arguments.input)
    server, batch = Server(arguments), Batch(arguments)
    rounds = []
    under_load(server, bodies, arguments.clients, 2)  # the first pages are slow everywhere
    for _ in range(arguments.rounds):
        alone = batch.run(arguments.seconds)
        served = under_load(server, bodies, arguments.clients, arguments.seconds)
        load = os.getloadavg()[0]  # of the last minute: this, and whatever else the machine does
        rounds.append({"batch": alone, "served": served, "load_average": load})
        print(
            f"{alone['wall']:.0f} → {served['wall']:.0f} pages/s, load average {load:.1f}",
            file=sys.stderr,
        )
    batch.end()
    of_all = {
        name: [value for one in rounds for value in one["served"].pop(name)]
        for name in ("latency", "ping", "lost")
    }
    found = {
        "rounds": rounds,
        "ratio": {
            clock: statistics.median(one["served"][clock] / one["batch"][clock] for one in rounds)
            for clock in ("wall", "processor")
        },
        "latency_ms": quantiles(of_all["latency"]),
        "ping_ms": quantiles(of_all["ping"]),
        "lost": of_all["lost"],
        "resident_mb": server.resident(),
    }
    if arguments.long:
        found["long"] = long_stream(server, bodies, arguments.long)
        found["long"]["resident_mb"] = server.resident()
    server.end()
    if arguments.restarts:
        found["restart"] = rolling_restart(arguments, bodies, arguments.restarts)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, metavar="DIR")
    parser.add_argument("--input", type=Path, required=True, metavar="DIR", help="a channel")
    parser.add_argument("--output", type=Path, default=Path("out/bench/serving.json"))
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=20.0, help="of a round")
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument("--long", type=int, default=3000, metavar="PAGES")
    arguments = parser.parse_args()
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    found = compare(arguments)
    arguments.output.write_text(json.dumps(found, indent=1) + "\n")
    del found["rounds"]
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
