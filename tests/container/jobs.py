"""Jobs laid out for a container: its folders mounted one by one, as SageMaker does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.builders import make_job
from tests.container.engine import ALONE, Container, Ended

HOST = ("algo-1",)
WRITTEN = ("model", "output", "checkpoints")


def lay_out(
    base: Path,
    kind: str,
    channels: Mapping[str, Path],
    hosts: Sequence[str] = HOST,
    place: int = 0,
    **settings: object,
) -> Path:
    """A job's folders; `mounts` brings the channels, which stay where they are."""
    spelt = {name: str(value) for name, value in settings.items()}
    make_job(base, {"sagemaker_program": f"train_{kind}.py", **spelt}, channels, hosts, place)
    (base / "checkpoints").mkdir()
    for name in channels:
        (base / "input/data" / name).mkdir()
    return base


def mounts(
    base: Path, channels: Mapping[str, Path] | None = None, flags: Sequence[str] = ()
) -> list[str]:
    """Flags: what is read is mounted read-only. What `flags` mount is left to them."""
    places = [f"{base}/input:/opt/ml/input:ro"]
    places += [f"{folder}:/opt/ml/input/data/{c}:ro" for c, folder in (channels or {}).items()]
    places += [f"{base}/{folder}:/opt/ml/{folder}" for folder in WRITTEN]
    places = [place for place in places if place.split(":")[1] not in " ".join(flags)]
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
    return Container(image, [*always, *mounts(base, channels, flags), *flags], ["train"])


def run_job(
    image: str,
    base: Path,
    channels: Mapping[str, Path] | None = None,
    flags: Sequence[str] = (),
) -> Ended:
    return start_job(image, base, channels, flags).wait()
