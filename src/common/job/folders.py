"""The folders of a job: SageMaker's under `/opt/ml`, or any that the command line names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from common.job.errors import ClientError, refuse


@dataclass(frozen=True)
class Folders:
    """Where a job reads and writes.

    `channels` maps a channel's name to its folder, which may be read-only. `failure` is the file
    that SageMaker shows when a job fails; None on a laptop, where the terminal shows it.
    `checkpoints` holds where an interrupted job goes on from, `cache` what one job leaves for the
    next; None where nobody asked for it.
    """

    model: Path
    output_data: Path
    channels: Mapping[str, Path] = field(default_factory=dict)
    failure: Path | None = None
    checkpoints: Path | None = None
    cache: Path | None = None

    def channel(self, name: str) -> Path:
        """The folder of a channel that the job cannot do without."""
        folder = self.channels.get(name)
        if folder is None:
            given = ", ".join(sorted(self.channels)) or "none"
            raise ClientError(
                f"channel '{name}' is missing (given: {given}). Add it to the job's "
                f"InputDataConfig, or name its folder with --{name} DIR."
            )
        if not folder.is_dir():
            raise ClientError(f"channel '{name}': {folder} is not a folder. Name one that exists.")
        return folder


def container_folders(environment: Mapping[str, str] = os.environ) -> Folders | None:
    """SageMaker's folders, or None where there are none (no `/opt/ml`, no base folder named).

    The toolkit's `SM_*` variables win over the fixed places, which hold in local mode as well.
    """
    base = Path(environment.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    if not (base / "input" / "config").is_dir():
        return None
    data = base / "input" / "data"
    channels = {entry.name: entry for entry in sorted(data.glob("*")) if entry.is_dir()}
    for name, value in environment.items():
        if name.startswith("SM_CHANNEL_"):
            channels[name.removeprefix("SM_CHANNEL_").lower()] = Path(value)
    output = Path(environment.get("SM_OUTPUT_DIR", base / "output"))
    checkpoints = base / "checkpoints"  # there if the job's CheckpointConfig says so
    host = environment.get("SM_CURRENT_HOST", "algo-1")  # hosts share the folder on S3
    return Folders(
        model=Path(environment.get("SM_MODEL_DIR", base / "model")),
        output_data=Path(environment.get("SM_OUTPUT_DATA_DIR", output / "data")),
        channels=channels,
        failure=output / "failure",
        checkpoints=checkpoints / host if checkpoints.is_dir() else None,
    )


def refuse_unwritable(folders: Folders) -> None:
    """Check that what a job writes to can be written, before it has anything to write.

    Raises:
        ClientError: names the folders that cannot.
    """
    written = (folders.model, folders.output_data, folders.checkpoints, folders.cache)
    problems = [
        f"{folder} cannot be written."
        for folder in written
        if folder is not None and not os.access(_nearest(folder), os.W_OK | os.X_OK)
    ]
    refuse(problems, remedy="Mount it writable, and for the user that the job runs as.")


def _nearest(folder: Path) -> Path:
    """The folder, or of those above it the first that is there."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def lies_in(inner: Path, outer: Path) -> bool:
    """Whether a folder is another or lies below it, links resolved; neither needs to exist."""
    return inner.resolve().is_relative_to(outer.resolve())
