"""Jobs laid out for a container: its folders mounted one by one, as SageMaker does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.builders import make_job
from tests.container.engine import ALONE, Container, Ended

HOST = ("algo-1",)
WRITTEN = ("model", "output", "checkpoints")


def lay_out(base: Path, kind: str, channels: Mapping[str, Path], **settings: object) -> Path:
    """A job's folders; `mounts` brings the channels, which stay where they are."""
    spelt = {name: str(value) for name, value in settings.items()}
    make_job(base, {"sagemaker_program": f"train_{kind}.py", **spelt}, channels, HOST)
    (base / "checkpoints").mkdir()
    for name in channels:
        (base / "input/data" / name).mkdir()
    return base


def mounts(base: Path, channels: Mapping[str, Path] | None = None) -> list[str]:
    """Flags: what is read is mounted read-only."""
    places = [f"{base}/input:/opt/ml/input:ro"]
    places += [f"{folder}:/opt/ml/input/data/{c}:ro" for c, folder in (channels or {}).items()]
    places += [f"{base}/{folder}:/opt/ml/{folder}" for folder in WRITTEN]
    return [word for place in places for word in ("-v", place)]


def start_job(
    image: str,
    base: Path,
    channels: Mapping[str, Path] | None = None,
    flags: Sequence[str] = (),
    network: Sequence[str] = ALONE,
) -> Container:
    """`docker run IMAGE train`, one thread."""
    always = ["--shm-size", "64m", "-e", "OMP_NUM_THREADS=1", *network]
    return Container(image, [*always, *mounts(base, channels), *flags], ["train"])


def run_job(
    image: str,
    base: Path,
    channels: Mapping[str, Path] | None = None,
    flags: Sequence[str] = (),
) -> Ended:
    return start_job(image, base, channels, flags).wait()
