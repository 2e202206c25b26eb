"""Compare the text model with fastText and scikit-learn: time, memory, accuracy.

`make bench` runs it. It prints a Markdown report and writes it to the output folder, with all
single measurements as JSON. This process imports little, because `measuring.run` counts its memory.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.text.contest import Contest, measure
from benchmarks.text.measuring import CLOCKS
from benchmarks.text.report import report
from benchmarks.text.systems import Interpreters


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    if arguments.cores:
        os.sched_setaffinity(0, arguments.cores)  # whatever is started here inherits it
    work = arguments.output / "work"
    work.mkdir(parents=True, exist_ok=True)
    contest = Contest(
        python=Interpreters(ours=sys.executable, peers=arguments.peers),
        train=arguments.train,
        validation=arguments.validation,
        test=arguments.test,
        rounds=arguments.rounds,
        threads=len(arguments.cores or [0]),
        work=work,
        clock=arguments.clock,
        again=arguments.again,
    )
    sizes = []
    for pages in arguments.pages:
        sizes.append(measure(contest, pages))
        found = report(sizes)
        (arguments.output / "text.md").write_text(found, encoding="utf-8")
        measured = json.dumps([asdict(size) for size in sizes], indent=1)
        (arguments.output / "text.json").write_text(measured + "\n", encoding="utf-8")
    print(found)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    for name in ("train", "validation", "test"):
        parser.add_argument(
            f"--{name}", type=Path, nargs="+", required=True, metavar="CHANNEL", help="labelled"
        )
    parser.add_argument(
        "--pages", type=int, nargs="+", default=[0], help="training pages; 0: train as it is"
    )
    parser.add_argument(
        "--again", action="store_true", help="with the peers' configurations of the last run"
    )
    parser.add_argument(
        "--clock", choices=CLOCKS, default=CLOCKS[0], help="processor: for a machine that is busy"
    )
    parser.add_argument("--rounds", type=int, default=3, help="medians are over so many")
    parser.add_argument("--cores", type=int, nargs="+", help="run on these; a thread for each")
    parser.add_argument("--peers", required=True, help="the Python that has the peers")
    parser.add_argument("--output", type=Path, required=True, help="report, data and models")
    return parser


if __name__ == "__main__":
    sys.exit(main())
