"""Sound small jobs, and ways to spoil them."""

from __future__ import annotations

import json
import shutil
import struct
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.builders import Record, make_channel, make_job, write_pages

STREAMS = {"train": ("a", "b"), "validation": ("c",)}
SMALLEST: dict[str, dict[str, str]] = {
    "text": {"epochs": "1", "folds": "2"},
    "image": {"epochs": "1", "folds": "2", "height": "32", "width": "24", "depth": "2"},
    "sequence": {"epochs": "1", "compare": "false"},
}


@dataclass
class FaultyJob:
    """A job laid out in `base`. `hyperparameters` and `records` are written by `finish`."""

    base: Path
    hyperparameters: dict[str, str]
    bases: dict[str, Path]  # what the base models' jobs left: folders with model/ and output/
    records: dict[str, list[Record | str]] = field(default_factory=dict)

    def channel(self, name: str) -> Path:
        return self.base / "input/data" / name

    @property
    def channels(self) -> list[Path]:
        """Folders of those that are there."""
        return sorted((self.base / "input/data").iterdir())

    def image(self, row: int = 0) -> Path:
        return self.channel("train") / f"images/a-{row + 1}.png"

    def finish(self) -> None:
        config = self.base / "input/config/hyperparameters.json"
        config.write_text(json.dumps(self.hyperparameters))
        for name, records in self.records.items():
            write_pages(self.channel(name), records)


Spoil = Callable[[FaultyJob], object]


def sound_job(base: Path, kind: str, bases: dict[str, Path]) -> FaultyJob:
    """A job that would succeed. The sequence job gets its base models as archives."""
    channels = [*STREAMS, *(bases if kind == "sequence" else [])]
    job = FaultyJob(make_job(base, {}, channels), dict(SMALLEST[kind]), bases)
    for name, streams in STREAMS.items():
        job.records[name] = list(make_channel(job.channel(name), *streams))
    if kind == "sequence":
        for name in bases:
            repack(name)(job)
    return job


# Hyperparameters and records.


def setting(**hyperparameters: str) -> Spoil:
    return lambda job: job.hyperparameters.update(hyperparameters)


def record(row: int, channel: str = "train", **changes: object) -> Spoil:
    """Change fields of one record; a field set to `...` is left out."""

    def spoil(job: FaultyJob) -> None:
        changed = {**job.records[channel][row], **changes}
        job.records[channel][row] = {name: v for name, v in changed.items() if v is not ...}

    return spoil


def every_record(channels: tuple[str, ...] = tuple(STREAMS), **changes: object) -> Spoil:
    def spoil(job: FaultyJob) -> None:
        for channel in channels:
            job.records[channel] = [{**old, **changes} for old in job.records[channel]]

    return spoil


def relabel(old: str, new: str, *channels: str) -> Spoil:
    def spoil(job: FaultyJob) -> None:
        for one in (one for channel in channels for one in job.records[channel]):
            one["label"] = new if one["label"] == old else one["label"]

    return spoil


def line(row: int, text: str) -> Spoil:
    return lambda job: job.records["train"].__setitem__(row, text)


def lines(channel: str, *texts: str) -> Spoil:
    return lambda job: job.records.__setitem__(channel, list(texts))


def without(*channels: str) -> Spoil:
    def spoil(job: FaultyJob) -> None:
        for name in channels:
            shutil.rmtree(job.channel(name))
            job.records.pop(name, None)

    return spoil


# Bitmaps.


def image_of(content: bytes) -> Spoil:
    return lambda job: job.image().write_bytes(content)


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is large and is a hundred bytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


# The channel that a base model starts from.


def pretrained(kind: str) -> Spoil:
    """The artifact of a job on the same pages, which is of `kind`."""
    return lambda job: shutil.copytree(job.bases[kind] / "model", job.channel("pretrained"))


def pretrained_file(name: str, content: str) -> Spoil:
    def spoil(job: FaultyJob) -> None:
        job.channel("pretrained").mkdir()
        (job.channel("pretrained") / name).write_text(content)

    return spoil


def together(*spoils: Spoil) -> Spoil:
    def spoil(job: FaultyJob) -> None:
        for one in spoils:
            one(job)

    return spoil


# The base models' archives.


def repack(kind: str, edit: Callable[[Path], object] = lambda folder: None) -> Spoil:
    """Archive a base model's `model` and `output`, edited, into the channel of that kind."""

    def spoil(job: FaultyJob) -> None:
        copy = job.base / "copies" / kind
        shutil.copytree(job.bases[kind], copy)
        edit(copy)
        for name in ("model", "output"):
            _archive(job.channel(kind) / f"{name}.tar.gz", copy / name)
        shutil.rmtree(copy)

    return spoil


def _archive(path: Path, folder: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for entry in sorted(folder.iterdir()):
            tar.add(entry, entry.name)


def archive(name: str, change: Callable[[Path], object]) -> Spoil:
    """Change an archive of the text channel."""
    return lambda job: change(job.channel("text") / f"{name}.tar.gz")


def remove(path: Path) -> None:
    path.unlink()


def double(path: Path) -> None:
    shutil.copytree(path.parent, path.parent / "another", dirs_exist_ok=False)
    others = [other for other in (path.parent / "another").iterdir() if other.name != path.name]
    for other in others:
        other.unlink()


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def cut(path: Path, length: int = 20) -> None:
    path.write_bytes(path.read_bytes()[:-length])


def replaced_by(member: str, **attributes: object) -> Callable[[Path], None]:
    """Replace an archive by one with a single member."""

    def change(path: Path) -> None:
        info = tarfile.TarInfo(member)
        for name, value in attributes.items():
            setattr(info, name, value)
        with tarfile.open(path, "w:gz") as tar:
            tar.addfile(info)

    return change
