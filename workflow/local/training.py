"""A training job as SageMaker runs it, on this machine: the same folders, the same entry point."""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path
from typing import Any

from .folder_s3 import FolderS3
from .machine import ROOT, Call, TaskFailed
from .processes import environment, run

_TOOLKIT = Path(sys.executable).parent / "train"  # sagemaker-training's, as in the container
_HOST = "localhost"


def train(call: Call, s3: FolderS3, jobs: Path) -> dict[str, Any]:
    """Run the job, and leave its archives where S3OutputPath says; returns its description."""
    asked = call.parameters
    name = asked["TrainingJobName"]
    base = jobs / name
    _lay_out(base, asked, s3)
    variables = {
        "SAGEMAKER_BASE_DIR": str(base),
        "SAGEMAKER_TRAINING_MODULE": "common.job.toolkit:main",
        "HOME": str(base),
    }
    status = run([str(_TOOLKIT)], base / "job.log", call.cancelled, environment(**variables))
    if status:
        failure = base / "output/failure"
        reason = failure.read_text("utf-8") if failure.is_file() else f"exit status {status}"
        told = {"TrainingJobName": name, "TrainingJobStatus": "Failed", "FailureReason": reason}
        raise TaskFailed("States.TaskFailed", json.dumps(told, ensure_ascii=False))
    output = asked["OutputDataConfig"]["S3OutputPath"]
    results = s3.path(f"{output}/{name}/output")
    _archive(results / "model.tar.gz", base / "model")
    _archive(results / "output.tar.gz", base / "output/data")
    return {
        "TrainingJobName": name,
        "TrainingJobStatus": "Completed",
        "ModelArtifacts": {"S3ModelArtifacts": f"{output}/{name}/output/model.tar.gz"},
        "OutputDataConfig": asked["OutputDataConfig"],
    }


def _lay_out(base: Path, asked: dict[str, Any], s3: FolderS3) -> None:
    """`base` as SageMaker lays out /opt/ml; channels are links to what stands for S3."""
    for folder in ("input/config", "input/data", "model", "output/data", "code"):
        (base / folder).mkdir(parents=True)
    channels = {}
    for channel in asked["InputDataConfig"]:
        uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
        (base / "input/data" / channel["ChannelName"]).symlink_to(s3.path(uri).resolve())
        channels[channel["ChannelName"]] = {"TrainingInputMode": "File"}
    group = {"instance_group_name": "g", "instance_type": "local", "hosts": [_HOST]}
    files = {
        "hyperparameters.json": asked["HyperParameters"],
        "inputdataconfig.json": channels,
        "resourceconfig.json": {
            "current_host": _HOST,
            "hosts": [_HOST],
            "current_instance_type": "local",
            "current_group_name": "g",
            "instance_groups": [group],
            "network_interface_name": "lo",
        },
    }
    for file, content in files.items():
        (base / "input/config" / file).write_text(json.dumps(content))
    program = asked["HyperParameters"]["sagemaker_program"]
    (base / "code" / program).symlink_to(ROOT / "src" / program)  # the toolkit looks, ours runs


def _archive(path: Path, folder: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for entry in sorted(folder.iterdir()):
            tar.add(entry, entry.name)
