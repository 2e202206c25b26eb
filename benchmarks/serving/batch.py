"""The models' own batch speed: a channel through them, as often as it is told on standard input.

Says after each line how many pages, and how many seconds of the wall clock and of the processor.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from common.models.artifacts import load_ensemble
from common.pages.channel import read_channel
from common.results.acceptance import acceptance_of
from common.results.decisions import decided
from common.serving.worker import NICENESS


def main() -> None:
    os.nice(NICENESS)
    ensemble = load_ensemble(Path(sys.argv[1]))
    channel = read_channel(Path(sys.argv[2]))
    acceptance = acceptance_of(ensemble.decision)

    def judge() -> None:
        """All that `predict` does, and the server does, but for reading and writing."""
        evidence = ensemble.evidence(channel)
        posteriors = ensemble.posteriors(channel, evidence, 3)
        decided(channel, ensemble.classes, evidence, posteriors, acceptance)

    judge()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        end = time.perf_counter() + float(line)
        wall, processor, pages = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() < end:
            judge()
            pages += len(channel)
        took = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
        print(json.dumps({"pages": pages, **took}), flush=True)


if __name__ == "__main__":
    main()
