"""A transform job on this machine: the container's server answers each request, `<request>.out`."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from common.job.archives import open_artifact

from .folder_s3 import FolderS3
from .machine import ROOT, Call, TaskFailed
from .processes import end, environment, tail

_START = 120  # seconds until a server that was started must answer
_LOOK_EVERY = 0.2  # seconds


def score(call: Call, s3: FolderS3, jobs: Path) -> dict[str, Any]:
    """Answer every object below the input prefix; returns the job's description."""
    asked = call.parameters
    name = asked["TransformJobName"]
    base = jobs / name
    model = json.loads((jobs / "models" / f"{asked['ModelName']}.json").read_text("utf-8"))
    open_artifact(s3.path(model["ModelDataUrl"]).parent, base)
    requests = s3.path(asked["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
    output = s3.path(asked["TransformOutput"]["S3OutputPath"])
    output.mkdir(parents=True, exist_ok=True)
    with _serving(base, asked) as address:
        for request in sorted(requests.iterdir()):
            if call.cancelled.is_set():
                break
            (output / f"{request.name}.out").write_bytes(_answer(address, asked, request))
    return {"TransformJobName": name, "TransformJobStatus": "Completed"}


@contextmanager
def _serving(base: Path, asked: Mapping[str, Any]) -> Iterator[str]:
    """A server as Batch Transform starts it; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = environment(
        SAGEMAKER_BASE_DIR=str(base),
        SAGEMAKER_BATCH="true",
        SAGEMAKER_BIND_TO_PORT=str(port),
        SAGEMAKER_MAX_PAYLOAD_IN_MB=str(asked["MaxPayloadInMB"]),
        SAGEMAKER_MODEL_SERVER_WORKERS="1",
        **asked["Environment"],
    )
    command = [sys.executable, str(ROOT / "src/serve.py"), "--host", "127.0.0.1"]
    log = base / "job.log"
    with log.open("ab") as told:
        server = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT, env=variables)
    address = f"http://127.0.0.1:{port}"
    try:
        if not _answers(address, server):
            raise _failed(asked, tail(log))
        yield address
    finally:
        end(server)


def _answers(address: str, server: subprocess.Popen[bytes]) -> bool:
    """Whether the server says that it is ready, as soon as it does."""
    deadline = time.monotonic() + _START
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(f"{address}/ping", timeout=2):
                return True
        except (URLError, OSError):
            time.sleep(_LOOK_EVERY)
    return False


def _answer(address: str, asked: Mapping[str, Any], request: Path) -> bytes:
    headers = {
        "Content-Type": asked["TransformInput"]["ContentType"],
        "Accept": asked["TransformOutput"]["Accept"],
    }
    sent = Request(f"{address}/invocations", data=request.read_bytes(), headers=headers)
    seconds = asked["ModelClientConfig"]["InvocationsTimeoutInSeconds"]
    try:
        with urlopen(sent, timeout=seconds) as answer:
            return answer.read()
    except HTTPError as error:
        told = error.read().decode("utf-8", "replace")
        raise _failed(asked, f"{request.name}: {error.code} {told}") from error


def _failed(asked: Mapping[str, Any], reason: str) -> TaskFailed:
    told = {"TransformJobName": asked["TransformJobName"], "FailureReason": reason}
    return TaskFailed("States.TaskFailed", json.dumps(told, ensure_ascii=False))
