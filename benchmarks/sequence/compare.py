"""Training and decoding of the sequence models beside their peers', pages a second.

    python -m benchmarks.sequence.compare --peers .bench/torch/bin/python

`make bench BENCH=sequence` runs it. For each structure and setting every contestant is a process
that waits to be told; they take turns within each round, so that whatever else the machine does
falls on all of them. Peers that compute something else than this project are refused.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from benchmarks.sequence.work import Setting

ROOT = Path(__file__).resolve().parents[2]
OURS = "this project"
WHAT = {
    "chain": ("train", "decode", "together"),
    "segmental": ("train", "decode"),
}
HEADS = {"train": "training", "decode": "decoding", "together": "side by side"}
PEERS = {
    "chain": {"PyTorch": "torch_chain", "python-crfsuite": "crfsuite_chain"},
    "segmental": {"PyTorch": "torch_segmental"},
}
# Streams side by side, pages of each, classes.
SETTINGS = (
    Setting(8, 10, 10),
    Setting(8, 100, 10),
    Setting(8, 1000, 10),
    Setting(1, 3000, 10),
    Setting(8, 100, 90),
)
ITERATIONS = {"python-crfsuite": 5}  # steps of one training
Measured = dict[str, Any]


@dataclass(frozen=True)
class Turns:
    """How contestants take turns; `processor`: by their own time on processors."""

    threads: int
    rounds: int
    seconds: float
    processor: bool


class Contestant:
    """A worker process; `resident` is its memory before it did anything, in MB."""

    def __init__(self, python: str, module: str, setting: Setting, turns: Turns) -> None:
        self._turns = turns
        variables = {"OMP_NUM_THREADS": str(turns.threads), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        numbers = [str(number) for number in astuple(setting)]
        self._process = subprocess.Popen(
            [python, "-m", f"benchmarks.sequence.{module}", *numbers],
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.resident = self._answer()["resident"]

    def ask(self, what: str) -> dict[str, Any]:
        if self._process.stdin is None:
            raise RuntimeError("no pipe")
        asked = {"what": what, "seconds": self._turns.seconds, "processor": self._turns.processor}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise RuntimeError("no pipe")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args} ended")
        return json.loads(line)


def measure(structure: str, setting: Setting, peers: str, turns: Turns) -> Measured:
    """By contestant: pages a second of every round, and the memory that the work took, in MB."""
    contestants = {OURS: Contestant(sys.executable, f"ours_{structure}", setting, turns)}
    for name, module in PEERS[structure].items():
        contestants[name] = Contestant(peers, module, setting, turns)
    refuse_others({name: one.ask("check")["values"] for name, one in contestants.items()})
    found: Measured = {}
    for name, one in contestants.items():
        for what in WHAT[structure]:
            one.ask(what)  # warm
        found[name] = {what: [] for what in WHAT[structure]}
    pages = setting.streams * setting.pages
    for number in range(turns.rounds):
        order = list(contestants) if number % 2 else list(reversed(contestants))
        for what in WHAT[structure]:
            for name in order:
                done = contestants[name].ask(what)
                steps = done["times"] * (ITERATIONS.get(name, 1) if what == "train" else 1)
                found[name][what].append(pages * steps / done["seconds"])
                found[name]["memory"] = done["peak"] - contestants[name].resident
    for one in contestants.values():
        one.close()
    return found


def refuse_others(checked: Mapping[str, Sequence[float]]) -> None:
    """Raise RuntimeError where a peer's log Z or best score is not this project's.

    A peer without values has another model altogether.
    """
    for name, values in checked.items():
        if values and not all(map(_close, checked[OURS], values)):
            raise RuntimeError(f"{name} computes something else: {values}, {checked[OURS]}")


def _close(ours: float, theirs: float) -> bool:
    return math.isclose(ours, theirs, rel_tol=1e-6)


def table(measured: Sequence[tuple[Setting, Measured]]) -> str:
    """Median speeds, and the median over rounds of ours by theirs."""
    whats = [what for what in HEADS if what in measured[0][1][OURS]]
    heads = [cell for what in whats for cell in (f"{HEADS[what]}, pages/s", "ours : it")]
    heads = ["streams × pages, classes", "", *heads, "memory, MB"]
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for setting, found in measured:
        for name, one in found.items():
            cells = [f"{setting.streams} × {setting.pages}, {setting.classes}", name]
            for what in whats:
                pairs = zip(found[OURS][what], one[what], strict=True)
                ratio = statistics.median(ours / theirs for ours, theirs in pairs)
                cells += [f"{statistics.median(one[what]):,.0f}", f"{ratio:.2f}"]
            lines.append(f"| {' | '.join(cells)} | {one['memory']:.0f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", required=True, help="the Python that has the peers")
    parser.add_argument("--structures", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="of a turn, at least")
    parser.add_argument("--output", type=Path, help="a folder for the tables")
    parser.add_argument(
        "--clock",
        choices=("wall", "processor"),
        default="wall",
        help="processor: on a busy machine",
    )
    arguments = parser.parse_args()
    turns = Turns(
        arguments.threads, arguments.rounds, arguments.seconds, arguments.clock == "processor"
    )
    report = [f"{turns.threads} threads, {turns.rounds} rounds, {arguments.clock} clock"]
    for structure in arguments.structures:
        measured = [
            (setting, measure(structure, setting, arguments.peers, turns)) for setting in SETTINGS
        ]
        report.append(f"### {structure}\n\n{table(measured)}")
    text = "\n\n".join(report)
    if arguments.output:
        arguments.output.mkdir(parents=True, exist_ok=True)
        (arguments.output / "sequence.md").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
