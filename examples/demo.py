"""The whole way, once: train the ensemble on the sample, take streams it has never seen apart.

Every step is the program that a SageMaker job would run; `out/demo` holds what each left.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "examples" / "sample"
OUT = ROOT / "out" / "demo"
REPORT = OUT / "report.html"

# Small enough for a laptop: pages of 128 × 96 pixels and two folds in place of four.
IMAGE = {"epochs": 30, "cycle_length": 10, "height": 128, "width": 96, "folds": 2}
FIGURES = {
    "page_accuracy": "page accuracy",
    "boundary_f1": "boundary F1",
    "segment_f1_with_label": "exact segments with label, F1",
    "pq": "panoptic quality",
    "mndd": "pages to move by hand, a stream",
    "stp": "streams without any error",
}


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    started = time.monotonic()
    channels = {name: SAMPLE / name for name in ("train", "validation", "test")}
    train("text", channels)
    train("image", channels, **IMAGE)
    train("sequence", {**channels, "text": OUT / "text", "image": OUT / "image"})
    run(
        "take the test streams apart",
        "predict.py",
        {"model": OUT / "sequence/model", "input": SAMPLE / "test", "output": OUT / "predictions"},
        show=True,
    )
    run(
        "measure and report",
        "evaluate.py",
        {
            "pages": SAMPLE / "test",
            "predictions": OUT / "predictions",
            "model": OUT / "sequence/model",
            "report": REPORT,
            "output": OUT / "metrics.json",
        },
    )
    print(figures(OUT / "metrics.json"))
    print(f"\nreport: {REPORT}\n({time.monotonic() - started:.0f} s in all)")


def train(model: str, channels: dict[str, Path], **hyperparameters: int) -> None:
    """One training job, which leaves `out/demo/<model>/model` and `…/output`."""
    folders = {"model-dir": OUT / model / "model", "output-data-dir": OUT / model / "output"}
    flags = {**channels, **folders, **hyperparameters}
    run(f"train the {model} model", f"train_{model}.py", flags)


def run(step: str, program: str, flags: dict[str, object], *, show: bool = False) -> None:
    """Run a program of `src` with its log in `out/demo/<program>.log`; stop if it fails."""
    begun = time.monotonic()
    log = OUT / f"{Path(program).stem}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    print(f"{step} … ", end="", flush=True)
    with log.open("w") as output:
        done = subprocess.run(
            [sys.executable, str(ROOT / "src" / program), *words],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        print(f"failed\n{log.read_text()}")
        sys.exit(done.returncode)
    print(f"{time.monotonic() - begun:.0f} s")
    if show:
        print(f"\n{log.read_text()}")


def figures(metrics: Path) -> str:
    """The headline figures of this run, with their 95 % intervals."""
    found = json.loads(metrics.read_text())["metrics"]
    lines = []
    for name, title in FIGURES.items():
        value, interval = found[name]["value"], found[name]["interval"]
        figure = "–" if value is None else f"{value:.3f}"
        between = f"  ({interval[0]:.3f} – {interval[1]:.3f})" if interval else ""
        lines.append(f"{title:<34}{figure:>7}{between}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
