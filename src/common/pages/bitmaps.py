"""Page bitmaps: decoded once, kept as bytes on disk."""

from __future__ import annotations

import math
import os
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from common.job.errors import refuse
from common.job.log import logger, progress
from common.job.room import writing_to
from common.pages.bitmap_store import BitmapStore
from common.pages.channel import Channel, bitmap_hash
from common.pages.page import Page

MAX_PIXELS = 80_000_000  # an A3 page at 600 dpi has 70 million
PAPER = 255
_ASPECT = np.dtype("<f4")
Image.MAX_IMAGE_PIXELS = None  # open_bitmap() has a limit of its own


class TooManyPixels(ValueError):
    """An image is larger than anybody should decode."""


@contextmanager
def open_bitmap(
    file: Path | BinaryIO, *, most: int = MAX_PIXELS, formats: tuple[str, ...] | None = None
) -> Iterator[Image.Image]:
    """The image in a file, its size known and its pixels not yet decoded.

    Args:
        most: pixels that it may have.
        formats: those of Pillow's that it may be in; all, if None.

    Raises:
        ValueError: says what is wrong with the file, be it found here or by decoding inside.
    """
    try:
        with Image.open(file, formats=formats) as image:
            if image.width * image.height > most:
                raise TooManyPixels(f"{image.width} × {image.height} pixels are more than {most:,}")
            yield image
    except (OSError, SyntaxError) as error:
        raise ValueError(f"not an image that can be read ({error})") from error


@dataclass(frozen=True)
class Bitmap:
    """A page as grey bytes: pixels uint8 [height, width], its aspect kept by white margins.

    `aspect` is ln(height / width) of the page itself: .35 of A4, .26 of US Letter.
    """

    pixels: NDArray[np.uint8]
    aspect: float


def decode(path: Path, height: int, width: int) -> Bitmap:
    """The page in a file, fitted into height × width.

    Raises:
        ValueError: says what is wrong with the file.
    """
    with open_bitmap(path) as image:
        return fitted(image, height, width)


def fitted(image: Image.Image, height: int, width: int) -> Bitmap:
    """An opened page as `decode` gives it."""
    grey = grey_of(image)
    padded = ImageOps.pad(grey, (width, height), Image.Resampling.BOX, color=PAPER)
    return Bitmap(np.asarray(padded), math.log(grey.height / grey.width))


def grey_of(image: Image.Image) -> Image.Image:
    """The image as 8-bit grey, the right way up, on white where it is transparent."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):  # 16 bits a pixel, which convert() would cut off at 255
        return Image.fromarray((np.asarray(upright).astype(np.uint32) // 257).astype(np.uint8))
    if upright.has_transparency_data:
        ink = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", ink.size, "white"), ink)
    return upright.convert("L")


class Bitmaps(Protocol):
    """Bitmaps of one size."""

    def read_pages(self, channel: Channel) -> NDArray[np.uint8]:
        """Those of a channel's pages, [pages, height, width], blank where there is none."""
        ...

    def aspects(self, channel: Channel) -> NDArray[np.float32]:
        """ln(height / width) of a channel's pages, [pages], 0 where there is no bitmap."""
        ...


@dataclass(frozen=True)
class HeldBitmaps:
    """Bitmaps [height, width] in memory, by the `image` of their page."""

    height: int
    width: int
    of_image: Mapping[str, Bitmap]

    def read_pages(self, channel: Channel) -> NDArray[np.uint8]:
        pages = np.full((len(channel), self.height, self.width), PAPER, dtype=np.uint8)
        for place, page in enumerate(channel.pages):
            if page.image is not None:
                pages[place] = self.of_image[page.image].pixels
        return pages

    def aspects(self, channel: Channel) -> NDArray[np.float32]:
        images = [page.image for page in channel.pages]
        found = [self.of_image[image].aspect if image is not None else 0.0 for image in images]
        return np.array(found, dtype=np.float32)


class BitmapCache:
    """Decoded bitmaps of one size, looked up by path, in files of bytes, their aspects behind them.

    With a store they are read from there and left there; else they are gone when it is closed.

    The files are read and written, not mapped: a page that is mapped counts as the process's own
    memory once it was touched, and a full disk ends whoever writes to a map by SIGBUS.
    """

    def __init__(
        self, height: int, width: int, workers: int = 2, store: BitmapStore | None = None
    ) -> None:
        self.height, self.width, self.workers, self.store = height, width, workers, store
        self._rows: dict[Path, int] = {}
        self._files: list[tuple[int, int]] = []  # first row, descriptor
        self._aspects: list[float] = []  # row by row

    def __enter__(self) -> BitmapCache:
        return self

    def __exit__(self, *exception: object) -> None:
        for _, handle in self._files:
            os.close(handle)
        self._rows.clear()
        self._files.clear()
        self._aspects.clear()

    def add(self, channel: Channel) -> None:
        """Decode the channel's bitmaps with `workers` threads, unless the store has them.

        Raises:
            ClientError: names every page whose bitmap cannot be used.
        """
        found = {channel.image_path(page): page for page in channel.pages if page.image}
        pages = {path: page for path, page in found.items() if path and path not in self._rows}
        if not pages:
            return
        handle = (
            self._decoded(channel.name, pages)
            if self.store is None
            else self._stored(self.store, channel.name, pages)
        )
        start = len(self._rows)
        self._files.append((start, handle))
        self._aspects += _read_aspects(handle, len(pages), len(pages) * self.height * self.width)
        self._rows.update(zip(pages, range(start, start + len(pages)), strict=True))

    def _stored(self, store: BitmapStore, name: str, pages: Mapping[Path, Page]) -> int:
        file = store.file([bitmap_hash(path) for path in pages], self.height, self.width)
        handle = store.open(file, len(pages) * (self.height * self.width + _ASPECT.itemsize))
        if handle is not None:
            logger.info("channel '%s': %d bitmaps are in %s already", name, len(pages), file)
            return handle
        with store.writing(file) as handle:
            if handle is not None:
                self._decode(name, pages, handle)
                return handle
        return self._decoded(name, pages)  # another job is writing the same

    def _decoded(self, name: str, pages: Mapping[Path, Page]) -> int:
        """A descriptor of the pages' bitmaps, in a file that has no name."""
        handle, scratch = tempfile.mkstemp(prefix="bitmaps-")
        Path(scratch).unlink()  # whatever ends the process, nothing is left
        try:
            with writing_to(Path(scratch).parent):
                self._decode(name, pages, handle)
        except BaseException:
            os.close(handle)
            raise
        return handle

    def _decode(self, name: str, pages: Mapping[Path, Page], handle: int) -> None:
        """Write the pages' bitmaps, in their order, and then their aspects.

        Threads do it as fast as processes: Pillow lets go of the interpreter's lock, which a page
        needs for a sixteenth of its time.
        """

        def fill(row: int, path: Path, page: Page) -> str | None:
            try:
                bitmap = decode(path, self.height, self.width)
            except ValueError as error:
                return f"page {page.page} of stream '{page.stream}', image {path}: {error}."
            size = bitmap.pixels.nbytes
            _write(handle, row * size, bitmap.pixels)
            aspect = np.array([bitmap.aspect], dtype=_ASPECT)
            _write(handle, len(pages) * size + row * aspect.nbytes, aspect)
            return None

        with ThreadPoolExecutor(self.workers) as pool:
            done = pool.map(fill, range(len(pages)), pages.keys(), pages.values())
            told = list(progress(done, what=f"bitmaps of {name}", unit="page", total=len(pages)))
        refuse(
            [problem for problem in told if problem],
            remedy="Replace the file, or set the page's image to null.",
        )

    def read_pages(self, channel: Channel) -> NDArray[np.uint8]:
        """Bitmaps [pages, height, width] of a channel that was added, blank where there is none."""
        pages = np.full((len(channel), self.height, self.width), PAPER, dtype=np.uint8)
        for place, page in enumerate(channel.pages):
            path = channel.image_path(page)
            if path is not None:
                self._read(self._rows[path], pages[place])
        return pages

    def aspects(self, channel: Channel) -> NDArray[np.float32]:
        paths = [channel.image_path(page) for page in channel.pages]
        found = [self._aspects[self._rows[path]] if path is not None else 0.0 for path in paths]
        return np.array(found, dtype=np.float32)

    def _read(self, row: int, bitmap: NDArray[np.uint8]) -> None:
        start, handle = self._files[bisect_right(self._files, row, key=itemgetter(0)) - 1]
        left, offset = bitmap.data.cast("B"), (row - start) * bitmap.nbytes
        while left:
            read = os.preadv(handle, [left], offset)
            left, offset = left[read:], offset + read


def _read_aspects(handle: int, pages: int, offset: int) -> list[float]:
    content = os.pread(handle, pages * _ASPECT.itemsize, offset)
    return np.frombuffer(content, dtype=_ASPECT).tolist()


def _write(handle: int, offset: int, array: NDArray) -> None:
    left = array.data.cast("B")
    while left:
        written = os.pwrite(handle, left, offset)
        left, offset = left[written:], offset + written
