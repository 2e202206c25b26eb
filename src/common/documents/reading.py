"""Files that people have, as pages: in processes of their own, which may crash, hang or burst.

    with Reader() as reader:
        for page in reader.pages(Path("dossier.pdf")):
            ...

Raises RefusedFile where a file cannot be read; others are then read all the same.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict
from math import ceil
from pathlib import Path
from typing import Any

from common.documents.limits import Limits, RefusedFile
from common.documents.ocr import LANGUAGES, require_tesseract
from common.documents.page_reading import DocumentPage
from common.documents.reader import ANSWER
from common.job.errors import ClientError

AT_A_TIME = 8  # pages of one file, at most, that a process reads in one go
_SOURCES = Path(__file__).parents[2]


def pages_of(
    content: Path | bytes,
    *,
    limits: Limits | None = None,
    languages: str | None = LANGUAGES,
    workers: int = 1,
) -> list[DocumentPage]:
    """The pages of one file, by its path or its bytes; see `Reader` for reading many.

    Raises:
        RefusedFile: it cannot be read, or wants more than the limits allow.
        ClientError: OCR is not installed.
    """
    with Reader(limits=limits, languages=languages, workers=workers) as reader:
        if isinstance(content, Path):
            return list(reader.pages(content))
        with tempfile.NamedTemporaryFile(prefix="document-") as file:
            file.write(content)
            file.flush()
            return list(reader.pages(Path(file.name)))


class Reader:
    """Processes that read files; safe to be used by several threads at once."""

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        languages: str | None = LANGUAGES,
        workers: int | None = None,
    ) -> None:
        """Start the processes.

        Args:
            limits: for each file.
            languages: for OCR, as tesseract names them; None: no OCR, pages without a readable text
                layer stay without text.
            workers: processes; default one for each core.

        Raises:
            ClientError: OCR is not installed.
        """
        if languages is not None:
            require_tesseract(languages)
        self.limits = limits or Limits()
        self.languages = languages
        self.workers = workers or len(os.sched_getaffinity(0))
        self.peak = 0  # bytes, the most that a process took for a file
        self._processes = [_ReadingProcess() for _ in range(self.workers)]
        self._idle: queue.SimpleQueue[_ReadingProcess] = queue.SimpleQueue()
        for process in self._processes:
            self._idle.put(process)
        self._pool = ThreadPoolExecutor(self.workers)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        if kind is not None:
            self.stop()
        self._pool.shutdown(cancel_futures=True)
        for process in self._processes:
            process.end()

    def stop(self) -> None:
        """Give up what is being read; whoever waits for its pages gets an exception."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.stop()

    def pages(self, path: Path) -> Iterator[DocumentPage]:
        """The pages of a file in their order, several at once being read.

        Raises:
            RefusedFile: it cannot be read, or wants more than the limits allow.
        """
        size = path.stat().st_size
        if size > self.limits.size:
            raise RefusedFile(f"it has {size:,} bytes, more than {self.limits.size:,}. Split it")
        count = int(self._run({"task": "count", "path": str(path)}))
        at_a_time = min(AT_A_TIME, ceil(count / self.workers))
        parts = [
            self._pool.submit(self._read, path, first, min(first + at_a_time - 1, count))
            for first in range(1, count + 1, at_a_time)
        ]
        try:
            for part in parts:
                yield from part.result()
        finally:
            for part in parts:
                part.cancel()

    def split(self, path: Path, part: Path, pages: Sequence[int], rotations: Sequence[int]) -> None:
        """Write pages of a file as a PDF of their own, each turned clockwise by its rotation.

        Raises:
            RefusedFile: it cannot be read.
        """
        task = {"task": "split", "part": str(part), "pages": pages, "rotations": rotations}
        self._run({**task, "path": str(path)})

    def _read(self, path: Path, first: int, last: int) -> list[DocumentPage]:
        with tempfile.TemporaryDirectory(prefix="pages-") as folder:
            task = {"task": "read", "path": str(path), "first": first, "last": last}
            records = self._run({**task, "languages": self.languages}, Path(folder))
            return [
                DocumentPage(**{**record, "bitmap": (Path(folder) / record["bitmap"]).read_bytes()})
                for record in records
            ]

    def _run(self, task: dict[str, Any], folder: Path | None = None) -> Any:
        if folder is None:
            with tempfile.TemporaryDirectory(prefix="pages-") as scratch:
                return self._run(task, Path(scratch))
        asked = {**task, "folder": str(folder), "limits": asdict(self.limits)}
        with self._process() as process:
            ended = process.ask(asked)
        self.peak = max(self.peak, ended["peak"])
        return _outcome(folder / ANSWER, ended["status"], self.limits)

    @contextmanager
    def _process(self) -> Iterator[_ReadingProcess]:
        process = self._idle.get()
        try:
            yield process
        finally:
            self._idle.put(process)


class _ReadingProcess:
    """One `common.documents.reader`, started again should it ever end."""

    def __init__(self) -> None:
        self._process = _start()

    def ask(self, task: dict[str, Any]) -> dict[str, Any]:
        """Have one task done; returns how its fork ended."""
        if self._process.poll() is not None:
            self._process = _start()
        channel = self._process.stdin, self._process.stdout
        try:
            print(json.dumps(task), file=channel[0], flush=True)
            return json.loads(channel[1].readline() if channel[1] else "")
        except (OSError, ValueError):
            self.end()
            return {"status": -signal.SIGKILL, "peak": 0}

    def stop(self) -> None:
        """End it, and let it be; whoever asked it hears that it ended."""
        self._process.terminate()

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was left to write is for nobody
                    pipe.close()


def _start() -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(_SOURCES),
        "OMP_THREAD_LIMIT": "1",  # of tesseract
        "OPENBLAS_NUM_THREADS": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "common.documents.reader"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,  # the keyboard's interrupt is for the program that reads
    )


def _outcome(answer: Path, status: int, limits: Limits) -> Any:
    """What the fork found, or why there is nothing."""
    if not answer.is_file():
        raise RefusedFile(_cause_of_death(status, limits))
    told = json.loads(answer.read_text(encoding="utf-8"))
    if "refused" in told:
        raise RefusedFile(told["refused"])
    if "error" in told:
        raise ClientError(told["error"])
    return told["done"]


def _cause_of_death(status: int, limits: Limits) -> str:
    if status == -signal.SIGALRM:
        return f"a page takes longer than {limits.seconds} s to read. Scan it anew"
    name = signal.Signals(-status).name if status < 0 else f"status {status}"
    return (
        f"reading it crashed ({name}), or took more than {limits.memory >> 20:,} MB. "
        "It is damaged or hostile: save or scan it anew"
    )
