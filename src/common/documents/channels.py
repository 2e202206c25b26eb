"""Streams of pages, written as channels."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from common.documents.streams import Stream
from common.job.files import write_json
from common.pages.channel import PAGES_FILE, write_channel

_NAMES = ".channels.json"  # of what was written below a folder


def write_streams(folder: Path, streams: Iterable[Stream]) -> int:
    """Write a channel; what was there before goes first. Returns the number of pages.

    Bitmaps are hard links to where they are kept, where the disk can do that.
    """
    images = folder / "images"
    shutil.rmtree(images, ignore_errors=True)
    images.mkdir(parents=True)
    pages = [prepared for stream in streams for prepared in stream]
    for prepared in pages:
        target = folder / str(prepared.page.image)
        if prepared.bitmap is not None and not target.exists():
            _link(prepared.bitmap, target)
    write_channel(folder, (prepared.page for prepared in pages))
    return len(pages)


def remove_earlier(folder: Path, names: Sequence[str]) -> None:
    """Remove the channels that an earlier call was told of, and that are none of `names`.

    Only what `write_streams` writes goes. Channels that somebody else put there stay.
    """
    file = folder / _NAMES
    for earlier in json.loads(file.read_text()) if file.is_file() else ():
        if earlier not in names:
            (folder / earlier / PAGES_FILE).unlink(missing_ok=True)
            shutil.rmtree(folder / earlier / "images", ignore_errors=True)
    write_json(file, list(names))


def _link(bitmap: Path, target: Path) -> None:
    try:
        os.link(bitmap, target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(bitmap, target)
