"""A transform job on this machine: the ensemble's answer to each request, `<request>.out`."""

from __future__ import annotations

import base64
import json
import sys
import tarfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from .folder_s3 import FolderS3
from .machine import ROOT, Call, TaskFailed
from .processes import environment, run, tail


def score(call: Call, s3: FolderS3, jobs: Path) -> dict[str, Any]:
    """Answer every object below the input prefix; returns the job's description."""
    asked = call.parameters
    name = asked["TransformJobName"]
    base = jobs / name
    model = json.loads((jobs / "models" / f"{asked['ModelName']}.json").read_text("utf-8"))
    with tarfile.open(s3.path(model["ModelDataUrl"])) as tar:
        tar.extractall(base / "model", filter="data")  # our own job wrote it
    requests = s3.path(asked["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
    output = s3.path(asked["TransformOutput"]["S3OutputPath"])
    output.mkdir(parents=True, exist_ok=True)
    for request in sorted(requests.iterdir()):
        pages = _channel(request, base / "pages" / request.stem)
        said = base / "said" / request.stem
        flags = ["--model", base / "model", "--input", pages, "--output", said]
        command = [sys.executable, str(ROOT / "src/predict.py"), *map(str, flags)]
        log = base / "job.log"
        if run(command, log, call.cancelled, environment()):
            told = {"TransformJobName": name, "FailureReason": tail(log)}
            raise TaskFailed("States.TaskFailed", json.dumps(told, ensure_ascii=False))
        (output / f"{request.name}.out").write_bytes(_answers(said))
    return {"TransformJobName": name, "TransformJobStatus": "Completed"}


def _channel(request: Path, folder: Path) -> Path:
    """The pages of a request, as `predict.py` reads them."""
    lines = []
    (folder / "images").mkdir(parents=True)
    for number, line in enumerate(request.read_bytes().splitlines(), start=1):
        page = json.loads(line)
        if page.get("image"):
            bitmap = f"images/{number}.png"
            (folder / bitmap).write_bytes(base64.b64decode(page["image"]))
            page["image"] = bitmap
        lines.append(json.dumps(page))
    (folder / "pages.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return folder


def _answers(said: Path) -> bytes:
    """A record a stream, as the served ensemble answers."""
    parts: defaultdict[str, dict[str, list[Any]]] = defaultdict(
        lambda: {"segments": [], "pages": []}
    )
    for what in ("segments", "pages"):
        for line in (said / f"{what}.jsonl").read_text("utf-8").splitlines():
            record = json.loads(line)
            parts[record["stream"]][what].append(record)
    streams = map(json.loads, (said / "streams.jsonl").read_text("utf-8").splitlines())
    records = [{**stream, **parts[stream["stream"]]} for stream in streams]
    return "".join(f"{json.dumps(record)}\n" for record in records).encode()
