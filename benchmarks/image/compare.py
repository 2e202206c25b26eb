"""The image model beside the same network in PyTorch: speed, memory, time to an accuracy.

`make bench BENCH=image` runs it. Every contestant is a process that waits to be told; they take
turns within each round and epoch, so that whatever else the machine does falls on all of them. All
have the same network, initialisation, batches, loss, optimizer, augmentation and loader: ours, for
the peers too.
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
CLOCKS = ("wall", "processor")
VARIANTS = ("eager", "channels-last", "compile", "compile+channels-last")
OURS = "ours"


class Contestant:
    """A worker process, timed by one of CLOCKS.

    `first_batch` is seconds from its start until its first batch was learnt.
    """

    def __init__(self, command: list[str], threads: int, clock: str) -> None:
        self._clock = clock
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
        loaded = self.ask("load")["seconds"]  # decoding is the same for all
        used = self.ask("train")["used"]
        passed = time.perf_counter() - begun if clock == "wall" else used
        self.first_batch = passed - loaded

    def ask(self, what: str, times: int = 1) -> dict[str, float]:
        """Have it do something so often; {done, seconds, used, resident}.

        `used` is seconds on the processor since its start, `resident` is in MB.
        """
        answer = self._ask(what, times)
        return {**answer, "seconds": answer["seconds"][self._clock]}

    def _ask(self, what: str, times: int = 1) -> dict[str, Any]:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("no pipes")
        self._process.stdin.write(json.dumps({"what": what, "times": times}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._process.args} ended")
        return json.loads(answer)

    def close(self) -> None:
        self._process.communicate()
        self._scratch.cleanup()


def start(arguments: argparse.Namespace) -> dict[str, Contestant]:
    channels = [str(arguments.train), str(arguments.validation)]
    settings = [*channels, str(arguments.start_filter), str(arguments.batch_size)]
    ours = [sys.executable, str(HERE / "ours.py"), *settings]
    commands = {OURS: [*ours, "float32"]}
    if arguments.bfloat16:
        commands[f"{OURS}, bfloat16"] = [*ours, "bfloat16"]
    for variant in arguments.variants:
        commands[variant] = [arguments.peer, str(HERE / "peer.py"), *settings, variant]
    return {
        name: Contestant(command, arguments.threads, arguments.clock)
        for name, command in commands.items()
    }


def learn(
    contestants: Mapping[str, Contestant], accuracy: float, epochs: int
) -> dict[str, dict[str, float | None]]:
    """Epochs and seconds, from the start, to an accuracy on validation; None: not in so many."""
    found: dict[str, dict[str, float | None]] = {
        name: {"epochs": None, "to_accuracy": None} for name in contestants
    }
    seconds = {name: one.first_batch for name, one in contestants.items()}
    for epoch in range(1, epochs + 1):
        for name in [name for name in contestants if found[name]["epochs"] is None]:
            done = contestants[name].ask("learn")
            seconds[name] += done["seconds"]
            if done["done"] >= accuracy:
                found[name] = {"epochs": epoch, "to_accuracy": seconds[name]}
    return found


def compare(
    contestants: Mapping[str, Contestant], rounds: int, batches: int
) -> dict[str, dict[str, Any]]:
    """All rounds' speeds, pages a second, and the memory held at the end."""
    found: dict[str, dict[str, Any]] = {name: {"train": [], "infer": []} for name in contestants}
    for one in contestants.values():
        one.ask("train", 2)
        one.ask("infer", 2)
    for number in range(rounds):
        order = list(contestants) if number % 2 else list(reversed(contestants))
        for what, times in (("train", batches), ("infer", 2 * batches)):
            for name in order:
                answer = contestants[name].ask(what, times)
                found[name][what].append(answer["done"] / answer["seconds"])
                found[name]["resident"] = answer["resident"]
    return found


def table(found: Mapping[str, Any]) -> str:
    """Median speeds, and the median over rounds of ours by theirs."""
    lines = [
        "| | training, images/s | ours : it | inference, images/s | ours : it | first batch, s "
        "| to the accuracy, s (epochs) | resident, MB |",
        f"|{' --- |' * 8}",
    ]
    for name, one in found.items():
        cells = [name]
        for what in ("train", "infer"):
            pairs = zip(found[OURS][what], one[what], strict=True)
            ratio = statistics.median(ours / theirs for ours, theirs in pairs)
            cells += [f"{statistics.median(one[what]):.1f}", f"{ratio:.2f}"]
        cells.append(f"{one['first_batch']:.1f}")
        got_there = one["epochs"] is not None
        cells.append(f"{one['to_accuracy']:.0f} ({one['epochs']})" if got_there else "–")
        lines.append(f"| {' | '.join(cells)} | {one['resident']:.0f} |")
    return "\n".join(lines)


def main() -> None:
    arguments = _parser().parse_args()
    contestants = start(arguments)
    learnt = learn(contestants, arguments.accuracy, arguments.epochs)
    speeds = compare(contestants, arguments.rounds, arguments.batches)
    found = {
        name: {"first_batch": one.first_batch, **learnt[name], **speeds[name]}
        for name, one in contestants.items()
    }
    for one in contestants.values():
        one.close()
    settings = (
        f"start_filter {arguments.start_filter}, batch_size {arguments.batch_size}, "
        f"{arguments.threads} threads, {arguments.clock} clock, {arguments.rounds} rounds, "
        f"validation accuracy "
        f"{arguments.accuracy:g} in at most {arguments.epochs} epochs"
    )
    report = f"{settings}\n\n{table(found)}\n"
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "image.md").write_text(report, encoding="utf-8")
    measured = json.dumps({"settings": settings, "measured": found}, indent=1)
    (arguments.output / "image.json").write_text(measured + "\n", encoding="utf-8")
    print(report, end="")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--peer", required=True, help="the Python that has PyTorch")
    parser.add_argument("--train", type=Path, required=True, metavar="CHANNEL")
    parser.add_argument("--validation", type=Path, required=True, metavar="CHANNEL")
    parser.add_argument("--output", type=Path, required=True, help="folder of the report")
    parser.add_argument("--start_filter", type=int, default=4)
    parser.add_argument("--batch_size", type=int, default=10)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument(
        "--clock", choices=CLOCKS, default=CLOCKS[0], help="processor: for a machine that is busy"
    )
    parser.add_argument("--accuracy", type=float, default=0.5, help="on validation, to be reached")
    parser.add_argument("--epochs", type=int, default=30, help="in so many; 0 leaves it out")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batches", type=int, default=12, help="of a turn; of inference twice")
    parser.add_argument("--variants", nargs="*", default=VARIANTS)
    parser.add_argument("--bfloat16", action="store_true", help="ours in bfloat16 as well")
    return parser


if __name__ == "__main__":
    main()
