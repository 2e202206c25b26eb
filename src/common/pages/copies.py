"""A copy of channels for one execution, with a manifest of what was copied."""

from __future__ import annotations

import base64
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from common.job.files import write_atomically
from common.pages.channel import PAGES_FILE, Channel
from common.pages.page import Page

REQUESTS = "requests"


def copy_channel(channel: Channel, folder: Path) -> None:
    """The channel's lines and bitmaps in a folder of its own, `pages.jsonl` last."""
    for page in channel.pages:
        source = channel.image_path(page)
        if source is not None and page.image is not None:
            copy = folder / page.image
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
    lines = (page.record.model_dump_json(exclude_none=True) for page in channel.pages)
    write_atomically(folder / PAGES_FILE, "".join(f"{line}\n" for line in lines).encode())


def write_requests(channel: Channel, folder: Path) -> None:
    """A request for each stream, as the served ensemble takes it: `00001.jsonl` and so on.

    Each line is a page with its bitmap in base64. Labels are left out.
    """
    for number, rows in enumerate(channel.streams, start=1):
        pages = channel.pages[rows.start : rows.stop]
        lines = (json.dumps(_sent(channel, page), ensure_ascii=False) for page in pages)
        content = "".join(f"{line}\n" for line in lines)
        write_atomically(folder / f"{number:05}.jsonl", content.encode("utf-8", "replace"))


def _sent(channel: Channel, page: Page) -> dict[str, Any]:
    sent: dict[str, Any] = {"stream": page.stream, "page": page.page, "text": page.text}
    path = channel.image_path(page)
    if path is not None:
        sent["image"] = base64.b64encode(path.read_bytes()).decode()
    return sent


def manifest_of(channels: Mapping[str, Channel], **made_from: Any) -> dict[str, Any]:
    """What was copied: counts and fingerprint of each channel. Equal copies have equal ones."""
    return {**made_from, "channels": dict(_counted(channels))}


def _counted(channels: Mapping[str, Channel]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, channel in channels.items():
        yield (
            name,
            {
                "streams": len(channel.streams),
                "documents": len(channel.documents),
                "pages": len(channel),
                "classes": dict(sorted(Counter(channel.labels).items())),
                "fingerprint": channel.fingerprint,
            },
        )
