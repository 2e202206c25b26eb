"""Training and inference of the image model beside PyTorch's, images a second.

    python3.11 -m venv /tmp/peer && /tmp/peer/bin/pip install -r benchmarks/image/requirements.txt
    .venv/bin/python benchmarks/image/compare.py --peer /tmp/peer/bin/python

Every contestant is a process that waits to be told; they take turns within each round, so that
whatever else the machine does falls on all of them. All have the same network, batches, loss,
optimizer, augmentation and loader: ours, for the peers too.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SRC = HERE.parents[1] / "src"
SAMPLE = HERE.parents[1] / "examples" / "sample" / "train"
VARIANTS = ("eager", "channels-last", "compile", "compile+channels-last")
OURS = "ours"


class Contestant:
    """A worker process; `seconds` until its first batch was learnt, starting included."""

    def __init__(self, command: list[str], threads: int) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="compiled-")  # by no earlier run
        variables = {
            "OMP_NUM_THREADS": str(threads),
            "PYTHONPATH": str(SRC),
            "TORCHINDUCTOR_CACHE_DIR": self._scratch.name,
        }
        begun = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.loaded = self.ask("load", 0)["seconds"]  # decoding is the same for all
        self.ask("train", 1)
        self.first_batch = time.perf_counter() - begun - self.loaded

    def ask(self, what: str, batches: int) -> dict[str, float]:
        """Have it do so many batches; {pages, seconds, resident}, the last in MB."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("no pipes")
        self._process.stdin.write(json.dumps({"what": what, "batches": batches}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._process.args} ended")
        return json.loads(answer)

    def close(self) -> None:
        self._process.communicate()
        self._scratch.cleanup()


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    """All rounds' speeds by contestant, and what they took to start."""
    settings = [str(arguments.channel), str(arguments.start_filter), str(arguments.batch_size)]
    ours = [sys.executable, str(HERE / "ours.py"), *settings]
    commands = {OURS: [*ours, "float32"]}
    if arguments.bfloat16:
        commands[f"{OURS}, bfloat16"] = [*ours, "bfloat16"]
    for variant in arguments.variants:
        commands[variant] = [arguments.peer, str(HERE / "peer.py"), *settings, variant]
    contestants = {}
    for name, command in commands.items():
        contestants[name] = Contestant(command, arguments.threads)
        contestants[name].ask("train", 2)
        contestants[name].ask("infer", 2)
    found: dict[str, Any] = {
        name: {"first_batch": one.first_batch, "train": [], "infer": []}
        for name, one in contestants.items()
    }
    for number in range(arguments.rounds):
        order = list(contestants) if number % 2 else list(reversed(contestants))
        for what, batches in (("train", arguments.batches), ("infer", 2 * arguments.batches)):
            for name in order:
                done = contestants[name].ask(what, batches)
                found[name][what].append(done["pages"] / done["seconds"])
                found[name]["resident"] = done["resident"]
    for one in contestants.values():
        one.close()
    return found


def table(found: Mapping[str, Any]) -> str:
    """Median speeds, and the median over rounds of ours by theirs."""
    lines = [
        "| | training, images/s | ours : it | inference, images/s | ours : it | first batch, s "
        "| resident, MB |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, one in found.items():
        cells = [name]
        for what in ("train", "infer"):
            pairs = zip(found[OURS][what], one[what], strict=True)
            ratio = statistics.median(ours / theirs for ours, theirs in pairs)
            cells += [f"{statistics.median(one[what]):.1f}", f"{ratio:.2f}"]
        cells += [f"{one['first_batch']:.1f}", f"{one['resident']:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", required=True, help="the Python that has PyTorch")
    parser.add_argument("--channel", type=Path, default=SAMPLE)
    parser.add_argument("--start_filter", type=int, default=4)
    parser.add_argument("--batch_size", type=int, default=10)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batches", type=int, default=12, help="of a turn; of inference twice")
    parser.add_argument("--variants", nargs="*", default=VARIANTS)
    parser.add_argument("--bfloat16", action="store_true", help="ours in bfloat16 as well")
    arguments = parser.parse_args()
    found = compare(arguments)
    print(
        f"start_filter {arguments.start_filter}, batch_size {arguments.batch_size}, "
        f"{arguments.threads} threads, {arguments.rounds} rounds\n\n{table(found)}"
    )


if __name__ == "__main__":
    main()
