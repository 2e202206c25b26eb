"""Page bitmaps: decoded once, kept as bytes in scratch space."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from common.job.errors import refuse
from common.job.log import progress
from common.pages.channel import Channel

MAX_PIXELS = 80_000_000  # an A3 page at 600 dpi has 70 million
PAPER = 255
Image.MAX_IMAGE_PIXELS = None  # open_bitmap() has a limit of its own


@contextmanager
def open_bitmap(path: Path) -> Iterator[Image.Image]:
    """The image in a file, its size known and its pixels not yet decoded.

    Raises:
        ValueError: says what is wrong with the file, be it found here or by decoding inside.
    """
    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(
                    f"{image.width} × {image.height} pixels are more than {MAX_PIXELS:,}"
                )
            yield image
    except (OSError, SyntaxError) as error:
        raise ValueError(f"not an image that can be read ({error})") from error


def decode(path: Path, height: int, width: int) -> NDArray[np.uint8]:
    """A page as grey bytes [height, width], its aspect kept by white margins.

    Raises:
        ValueError: says what is wrong with the file.
    """
    with open_bitmap(path) as image:
        grey = grey_of(image)
    padded = ImageOps.pad(grey, (width, height), Image.Resampling.BOX, color=PAPER)
    return np.asarray(padded)


def grey_of(image: Image.Image) -> Image.Image:
    """The image as 8-bit grey, the right way up, on white where it is transparent."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):  # 16 bits a pixel, which convert() would cut off at 255
        return Image.fromarray((np.asarray(upright).astype(np.uint32) // 257).astype(np.uint8))
    if upright.has_transparency_data:
        ink = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", ink.size, "white"), ink)
    return upright.convert("L")


class BitmapCache:
    """Decoded bitmaps of one size, looked up by path, in one file of bytes; gone when closed.

    The file is read and written, not mapped: a page that is mapped counts as the process's own
    memory once it was touched, and a full disk ends whoever writes to a map by SIGBUS.
    """

    def __init__(self, height: int, width: int, workers: int = 2) -> None:
        self.height, self.width, self.workers = height, width, workers
        self._file, name = tempfile.mkstemp(prefix="bitmaps-")
        Path(name).unlink()  # whatever ends the process, nothing is left
        self._rows: dict[Path, int] = {}

    def __enter__(self) -> BitmapCache:
        return self

    def __exit__(self, *exception: object) -> None:
        self._rows.clear()
        os.close(self._file)

    def add(self, channel: Channel) -> None:
        """Decode the channel's bitmaps with `workers` threads.

        Raises:
            ClientError: names every page whose bitmap cannot be used.
        """
        found = {channel.image_path(page): page for page in channel.pages if page.image}
        paths = [path for path in found if path is not None and path not in self._rows]
        start = len(self._rows)

        def fill(place: int) -> str | None:
            try:
                self._write(start + place, decode(paths[place], self.height, self.width))
            except ValueError as error:
                page = found[paths[place]]
                return f"page {page.page} of stream '{page.stream}', image {paths[place]}: {error}."
            return None

        with ThreadPoolExecutor(self.workers) as pool:
            places = pool.map(fill, range(len(paths)))
            problems = list(
                progress(places, what=f"bitmaps of {channel.name}", unit="page", total=len(paths))
            )
        refuse(
            [problem for problem in problems if problem],
            remedy="Replace the file, or set the page's image to null.",
        )
        self._rows.update(zip(paths, range(start, start + len(paths)), strict=True))

    def read_pages(self, channel: Channel) -> NDArray[np.uint8]:
        """Bitmaps [pages, height, width] of a channel that was added, blank where there is none."""
        pages = np.full((len(channel), self.height, self.width), PAPER, dtype=np.uint8)
        for place, page in enumerate(channel.pages):
            path = channel.image_path(page)
            if path is not None:
                self._read(self._rows[path], pages[place])
        return pages

    def _write(self, row: int, bitmap: NDArray[np.uint8]) -> None:
        left, offset = bitmap.data.cast("B"), row * bitmap.nbytes
        while left:
            written = os.pwrite(self._file, left, offset)
            left, offset = left[written:], offset + written

    def _read(self, row: int, bitmap: NDArray[np.uint8]) -> None:
        left, offset = bitmap.data.cast("B"), row * bitmap.nbytes
        while left:
            read = os.preadv(self._file, [left], offset)
            left, offset = left[read:], offset + read
