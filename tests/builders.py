"""Small channels and job folders on disk."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from common.pages.bitmaps import BitmapCache
from common.pages.channel import read_channel

Record = dict[str, Any]  # a line of pages.jsonl
LABELS = ("letter", "invoice", "letter", "invoice")


def stream_of(name: str, labels: Iterable[str] = LABELS) -> list[Record]:
    """One stream with a document of two pages for each label, no two of them alike."""
    words = random.Random(name)
    records = []
    for number, label in enumerate(labels):
        for place in (2 * number + 1, 2 * number + 2):
            text = " ".join(f"w{words.randrange(10**6)}" for _ in range(30))
            records.append(
                {
                    "stream": name,
                    "page": place,
                    "document": f"{name}-{number}",
                    "label": label,
                    "text": f"{label} {text}",
                    "image": f"images/{name}-{place}.png",
                }
            )
    return records


def write_pages(folder: Path, records: Iterable[Record | str]) -> Path:
    """Write `pages.jsonl` alone; a record that is a string is written as it is.

    A surrogate in such a string stands for a byte that is no UTF-8.
    """
    lines = (record if isinstance(record, str) else json.dumps(record) for record in records)
    content = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pages.jsonl").write_bytes(content)
    return folder


def make_channel(folder: Path, *streams: str, first_bitmap: int = 0) -> list[Record]:
    """Write a channel with the streams' pages and bitmaps, numbered on; returns its records."""
    records = [record for stream in streams for record in stream_of(stream)]
    (folder / "images").mkdir(parents=True)
    for seed, record in enumerate(records, start=first_bitmap):
        grey = np.random.default_rng(seed).integers(0, 256, (32, 24), dtype=np.uint8)
        Image.fromarray(grey).save(folder / record["image"])
    write_pages(folder, records)
    return records


def make_job(
    base: Path,
    hyperparameters: Mapping[str, str],
    channels: Iterable[str],
    hosts: Sequence[str] = ("localhost",),
    place: int = 0,
) -> Path:
    """Lay out `base` as SageMaker lays out /opt/ml on the host at `place` of several.

    The channels' content is the caller's.
    """
    group = {"instance_group_name": "g", "instance_type": "ml.m5.large", "hosts": list(hosts)}
    files = {
        "hyperparameters.json": dict(hyperparameters),
        "inputdataconfig.json": {name: {"TrainingInputMode": "File"} for name in channels},
        "resourceconfig.json": {
            "current_host": hosts[place],
            "hosts": list(hosts),
            "current_instance_type": "ml.m5.large",
            "current_group_name": "g",
            "instance_groups": [group],
            "network_interface_name": "lo",
        },
    }
    for folder in ("input/config", "input/data", "model", "output/data"):
        (base / folder).mkdir(parents=True)
    for name, content in files.items():
        (base / "input/config" / name).write_text(json.dumps(content))
    return base


@contextmanager
def decoded_channels(root):
    """(train, validation, bitmaps): small channels whose bitmaps are decoded at 32 × 32."""
    make_channel(root / "train", *"abcdef")
    make_channel(root / "validation", "z")
    channels = [read_channel(root / part) for part in ("train", "validation")]
    with BitmapCache(32, 32) as bitmaps:
        for channel in channels:
            bitmaps.add(channel)
        yield *channels, bitmaps
