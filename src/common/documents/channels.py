"""Streams of pages, written as channels."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from common.documents.streams import Stream
from common.pages.channel import PAGES_FILE, write_channel


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


def remove_channel(folder: Path) -> None:
    """Remove what `write_streams` wrote, and nothing else."""
    (folder / PAGES_FILE).unlink(missing_ok=True)
    shutil.rmtree(folder / "images", ignore_errors=True)


def _link(bitmap: Path, target: Path) -> None:
    try:
        os.link(bitmap, target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(bitmap, target)
