"""How fast files are read: scans beside tesseract alone on the same bitmaps, and text layers.

make bench BENCH=prepare BENCH_ARGS="--clock processor"

Both sides take turns. On a machine that is busy the processor's clock tells more than the wall's.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pypdfium2 as pdfium

from common.documents.limits import Limits
from common.documents.ocr import LANGUAGES, PROGRAM
from common.documents.pdf import draw
from common.documents.reading import Reader

PDFS = Path(__file__).resolve().parents[2] / "examples" / "pdf"
SCAN = PDFS / "lending_package.pdf"
TEXTS = (PDFS / "bank_statement.pdf", PDFS / "urla_1003.pdf")
TEXT_PAGES = 50
TIMES = 3  # that each file is read, by processes that are started once
AIM_SCANS, AIM_TEXTS = 0.95, 40.0  # of tesseract alone; pages a second and core


def cost(work: Callable[[], None], clock: str, workers: int) -> float:
    """Seconds of all cores that work together: by the wall, or of the processes that it starts."""
    begun, used = time.perf_counter(), _used()
    work()
    return _used() - used if clock == "processor" else (time.perf_counter() - begun) * workers


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def read(file: Path, workers: int) -> None:
    with Reader(workers=workers) as reader:
        for _ in range(TIMES):
            for _ in reader.pages(file):
                pass


def recognise(bitmaps: Sequence[Path], workers: int) -> None:
    """Tesseract alone, as many at once."""

    def one(bitmap: Path) -> None:
        command = [PROGRAM, str(bitmap), "stdout", "--dpi", "300", "-l", LANGUAGES]
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        subprocess.run(command, capture_output=True, check=True, env=environment)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, list(bitmaps) * TIMES))


def drawn(file: Path, folder: Path) -> list[Path]:
    """The pages as OCR gets them."""
    bitmaps = []
    with pdfium.PdfDocument(file) as document:
        for number, page in enumerate(document):
            bitmap, resolution = draw(page, None, Limits())
            bitmaps.append(folder / f"{number}.png")
            bitmap.save(bitmaps[-1], dpi=(resolution, resolution))
    return bitmaps


def many_text_pages(file: Path) -> Path:
    """One PDF with the pages of all TEXTS, again and again."""
    with pdfium.PdfDocument.new() as document:
        while len(document) < TEXT_PAGES:
            for text in TEXTS:
                with pdfium.PdfDocument(text) as pages:
                    document.import_pages(pages)
        document.save(file)
    return file


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--clock", choices=("wall", "processor"), default="wall")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        bitmaps = drawn(SCAN, Path(scratch))
        texts = many_text_pages(Path(scratch) / "texts.pdf")
        with pdfium.PdfDocument(texts) as document:
            pages = len(document)
        ratios, speeds = [], []
        for _ in range(given.rounds):
            ours = cost(lambda: read(SCAN, given.workers), given.clock, given.workers)
            alone = cost(lambda: recognise(bitmaps, given.workers), given.clock, given.workers)
            ratios.append(alone / ours)
            speeds.append(TIMES * pages / cost(lambda: read(texts, 1), given.clock, 1))
            print(f"scans {ours:.1f} s, tesseract {alone:.1f} s; texts {speeds[-1]:.0f} pages/s")
    ratio, speed = statistics.median(ratios), statistics.median(speeds)
    print(f"scans: {ratio:.3f} of tesseract alone (aim {AIM_SCANS})")
    print(f"text layers: {speed:.0f} pages/s and core (aim {AIM_TEXTS:.0f})")
    return int(ratio < AIM_SCANS or speed < AIM_TEXTS)


if __name__ == "__main__":
    sys.exit(main())
