"""Many files, several at once, with what each of them cost: nothing, if it was read before."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from common.documents.kept_pages import KeptPages, is_kept
from common.documents.limits import RefusedFile
from common.documents.page_reading import DocumentPage
from common.documents.reading import Reader
from common.documents.sources import Refusal, Source
from common.job.log import logger


@dataclass(frozen=True)
class ReadFile:
    """A file that was read, and where its pages are kept."""

    source: Source
    place: Path


def read_all(
    sources: Sequence[Source], reader: Reader, keep: KeptPages
) -> tuple[list[ReadFile], list[Refusal]]:
    """Read files, unless their pages are kept already; those that were read keep their order.

    How many pages a second is shown on a terminal while it goes on, and logged at the end.
    """
    keep.sweep()
    begun = time.monotonic()
    found: dict[int, ReadFile] = {}
    refused: list[Refusal] = []
    with (
        _Counter() as counted,
        ThreadPoolExecutor(reader.workers) as pool,
    ):
        tasks = {
            pool.submit(_read, source, reader, keep, counted): place
            for place, source in enumerate(sources)
        }
        try:
            for task in as_completed(tasks):
                try:
                    found[tasks[task]] = task.result()
                except RefusedFile as refusal:
                    refused.append(Refusal(sources[tasks[task]].name, str(refusal)))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            reader.stop()
            raise
        read = counted.pages
    seconds = time.monotonic() - begun
    logger.info(
        "read %d pages of %d files in %.1f s (%.1f pages/s); refused %d",
        read,
        len(found),
        seconds,
        read / max(seconds, 1e-3),
        len(refused),
    )
    return [found[place] for place in sorted(found)], sorted(refused, key=lambda each: each.name)


def _read(source: Source, reader: Reader, keep: KeptPages, counted: _Counter) -> ReadFile:
    place = keep.place(source.path)
    if not is_kept(place):
        keep.keep(place, counted.each(reader.pages(source.path)))
    return ReadFile(source, place)


class _Counter:
    """How many pages were read, by all threads together, and on a terminal how fast."""

    def __init__(self) -> None:
        self.pages = 0
        self._lock = threading.Lock()
        self._bar = tqdm(desc="reading", unit="page", disable=None, leave=False)

    def __enter__(self) -> _Counter:
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.close()

    def each(self, pages: Iterator[DocumentPage]) -> Iterator[DocumentPage]:
        for page in pages:
            with self._lock:
                self.pages += 1
                self._bar.update()
            yield page
