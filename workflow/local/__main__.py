"""Run the workflow on this machine, on the sample: `make workflow`.

The definition is the one that is deployed. Its tasks are the programs of the container, run as
SageMaker and Batch run them, on a folder that stands for S3. Ends with an ensemble in use, a report
and a picture of the way that was taken, all below out/workflow.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from threading import Event
from typing import Any

from common.job.archives import open_artifact

from ..gate.pointer import POINTER
from ..substitution import substituted
from .folder_s3 import FolderS3
from .machine import ROOT, Execution, execute
from .machine import Event as Happening
from .picture import mermaid
from .processes import environment, run, tail
from .tasks import BUCKET, DEPLOYMENT, LocalTasks
from .watching import Line, outcomes, overlap

DEFINITION = ROOT / "workflow" / "training.asl.json"
SAMPLE = ROOT / "examples" / "sample"
OUT = ROOT / "out" / "workflow"
# Small enough for a laptop: pages of 128 × 96 pixels, two folds in place of four. The sample's test
# streams are too few to say anything of calibration.
SMALL = {
    "data": {"s3_uri": "s3://documents/sample"},
    "image": {
        "HyperParameters": {
            "epochs": "30",
            "cycle_length": "10",
            "height": "128",
            "width": "96",
            "folds": "2",
        }
    },
    "gate": {"tolerance": 0.05, "max_segment_ece": 1},
}


def main() -> int:
    """Run an execution; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="make workflow",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--input", type=Path, metavar="FILE", help="the execution's input, JSON")
    for model in ("text", "image"):
        parser.add_argument(
            f"--skip-{model}", action="store_true", help=f"use the last run's {model} model"
        )
    parser.add_argument("--output", type=Path, default=OUT, metavar="DIR")
    arguments = parser.parse_args()
    given: dict[str, Any] = SMALL
    if arguments.input:
        given = json.loads(arguments.input.read_text("utf-8"))
    for model in ("text", "image"):
        if getattr(arguments, f"skip_{model}"):
            given = {**given, f"train_{model}_model": False}
    return start(given, arguments.output)


def start(given: Any, folder: Path) -> int:
    begun = time.time()
    tasks = LocalTasks(folder)
    shutil.copytree(SAMPLE, tasks.s3.path("s3://documents/sample"), dirs_exist_ok=True)
    name = f"{datetime.now(timezone.utc):%Y%m%d-%H%M%S}"
    with Line() as line:
        execution = execute_here(given, tasks, name, line.watch)
    picture = folder / f"{name}.mmd"
    picture.write_text(mermaid(_definition(), outcomes(execution.events)), "utf-8")
    if execution.status == "SUCCEEDED":
        _tell_success(execution, tasks.s3, folder)
    else:
        print(f"\n{execution.status}: {execution.error}\n{execution.cause}")
    print(f"picture: {picture}\n({time.time() - begun:.0f} s in all)")
    return int(execution.status != "SUCCEEDED")


def execute_here(
    given: Any, tasks: LocalTasks, name: str, watch: Callable[[Happening], None]
) -> Execution:
    """One execution of the definition as it is deployed, by these tasks."""
    execution_id = f"arn:aws:states:local:000000000000:execution:training:{name}"
    context = {"Execution": {"Id": execution_id, "Name": name}}
    return execute(_definition(), given, context, tasks, watch=watch)


def _definition() -> dict[str, Any]:
    return substituted(json.loads(DEFINITION.read_text("utf-8")), DEPLOYMENT)


def _tell_success(execution: Execution, s3: FolderS3, folder: Path) -> None:
    together = overlap(execution.events, "Train Text Model", "Train Image Model")
    if together:
        print(f"(both base models trained at the same time for {together:.0f} s)")
    decision = execution.output["gate"]["decision"]
    print(f"\n{s3.path(decision['summary']).read_text('utf-8')}")
    pointer = json.loads(s3.path(f"s3://{BUCKET}/{POINTER}").read_text("utf-8"))
    kept = folder / "ensemble"
    shutil.rmtree(kept, ignore_errors=True)
    ensemble = open_artifact(s3.path(pointer["model_artifact"]).parent, kept) or kept
    _report(ensemble, folder)
    print(f"ensemble in use: {ensemble}\nreport: {folder / 'report.html'}")


def _report(ensemble: Path, folder: Path) -> None:
    """The ensemble in use takes the test streams apart once more, as anybody would use it."""
    said, pages, log = folder / "predictions", SAMPLE / "test", folder / "report.log"
    judged = ["--pages", pages, "--predictions", said, "--model", ensemble]
    steps: tuple[tuple[str, list[Any]], ...] = (
        ("predict.py", ["--model", ensemble, "--input", pages, "--output", said]),
        ("evaluate.py", [*judged, "--report", folder / "report.html"]),
    )
    for program, flags in steps:
        command = [sys.executable, str(ROOT / "src" / program), *map(str, flags)]
        if run(command, log, Event(), environment()):
            raise RuntimeError(f"{program} failed:\n{tail(log)}")


if __name__ == "__main__":
    sys.exit(main())
