"""PDFs and scans that are sent, read by processes of `documents`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path

from common.documents import limits as documents
from common.documents.limits import RefusedFile
from common.documents.ocr import LANGUAGES, require_tesseract
from common.documents.page_reading import DocumentPage
from common.documents.reading import Reader
from common.job.errors import ClientError
from common.job.log import logger
from common.serving.documents import Documents
from common.serving.problems import unusable
from common.serving.settings import Limits, Settings

NO_OCR = "none"


@contextmanager
def file_reading(settings: Settings) -> Iterator[Documents]:
    """What reads files, in as many processes as models have.

    Raises:
        ClientError: OCR is asked for, and not installed.
    """
    with Reader(
        limits=_limits(settings.limits),
        languages=_languages(settings.ocr),
        workers=settings.workers,
    ) as reader:
        yield Documents(lambda body: _pages(reader, body), at_once=settings.workers)


def _limits(request: Limits) -> documents.Limits:
    return documents.Limits(
        size=request.bytes,
        pages=request.pages,
        pixels=request.pixels,
        seconds=min(documents.Limits.seconds, ceil(request.seconds)),
    )


def _languages(asked: str | None) -> str | None:
    """Of OCR. Unless somebody asked for it, a server does without where it is not installed."""
    if asked is not None:
        return None if asked == NO_OCR else asked
    try:
        require_tesseract(LANGUAGES)
    except ClientError as error:
        logger.warning("scans that are sent will have no text: %s", error)
        return None
    return LANGUAGES


def _pages(reader: Reader, body: bytes) -> list[DocumentPage]:
    with tempfile.NamedTemporaryFile(prefix="sent-") as file:
        file.write(body)
        file.flush()
        try:
            return list(reader.pages(Path(file.name)))
        except RefusedFile as refused:
            raise unusable(f"the file cannot be read: {refused}", "Send one that opens.") from (
                refused
            )
