"""Reading a bitmap with tesseract, as a program of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

from PIL import Image

from common.documents.limits import RefusedFile
from common.documents.text_layer import letters_of
from common.job.errors import ClientError

PROGRAM = "tesseract"
LANGUAGES = "deu+eng"
ALIKE = 4  # letters from which a word is longer than high
_WORD = "5"  # the level of a line of tesseract's TSV that holds a word


@dataclass(frozen=True)
class Reading:
    """What tesseract reads: text with a line for each of the page's.

    `letters` counts letters and digits, `confidence` is their mean, 0 to 100. `sideways`: most
    lines run from top to bottom, or from bottom to top.
    """

    text: str = ""
    letters: int = 0
    confidence: float = 0.0
    sideways: bool = False

    @property
    def understood(self) -> float:
        """How many letters were read, in certain ones."""
        return self.letters * self.confidence / 100


def require_tesseract(languages: str) -> None:
    """Raises ClientError unless the program and its data for the languages are there."""
    if shutil.which(PROGRAM) is None:
        raise ClientError(
            "tesseract, which reads scanned pages, is not installed. On Debian and Ubuntu: apt-get "
            "install tesseract-ocr tesseract-ocr-deu; or read without it: --ocr none."
        )
    listed = subprocess.run([PROGRAM, "--list-langs"], capture_output=True, text=True, check=False)
    missing = sorted(set(languages.split("+")) - set(listed.stdout.split()[1:]))
    if missing:
        raise ClientError(
            f"tesseract has no data for {', '.join(missing)}. On Debian and Ubuntu: apt-get "
            f"install {' '.join(f'tesseract-ocr-{name}' for name in missing)}; or name other "
            "languages: --ocr eng."
        )


def read_bitmap(bitmap: Image.Image, resolution: int, languages: str) -> Reading:
    """What a grey bitmap says.

    Args:
        bitmap: a page.
        resolution: of the bitmap, in pixels an inch.
        languages: tesseract's names, joined by +.

    Raises:
        RefusedFile: tesseract fails.
    """
    options = ["--dpi", str(resolution), "-l", languages, "--psm", "3", "tsv"]
    # A file, and BMP: from a pipe, or of another kind, tesseract takes up to a tenth longer.
    with tempfile.NamedTemporaryFile(suffix=".bmp") as file:
        bitmap.save(file, "BMP")
        file.flush()
        done = subprocess.run(
            [PROGRAM, file.name, "stdout", *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise RefusedFile(f"tesseract failed ({said[-1] if said else done.returncode})")
    return reading_of(done.stdout.decode(errors="replace"))


def reading_of(table: str) -> Reading:
    """From tesseract's TSV: level, page, block, paragraph, line, word, box, confidence, text."""
    lines: list[str] = []
    place: list[str] = []
    letters, certain, upright = 0, 0.0, 0
    for row in table.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) < 12 or cells[0] != _WORD or not cells[11].strip():
            continue
        if cells[2:5] == place:
            lines[-1] += f" {cells[11]}"
        else:
            lines += [""] * bool(place and cells[2] != place[0]) + [cells[11]]
            place = cells[2:5]
        known = letters_of(cells[11])
        letters += known
        certain += known * float(cells[10])
        if known >= ALIKE:
            upright += known if int(cells[8]) >= int(cells[9]) else -known
    return Reading("\n".join(lines), letters, certain / max(letters, 1), upright < 0)
