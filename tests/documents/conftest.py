import pytest

from common.documents.ocr import LANGUAGES, require_tesseract
from common.documents.reading import Reader


@pytest.fixture(scope="session")
def tesseract():
    """Fails with the remedy where OCR is not installed."""
    require_tesseract(LANGUAGES)


@pytest.fixture(scope="session")
def reader(tesseract):
    with Reader(workers=1) as shared:
        yield shared
