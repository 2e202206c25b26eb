import pytest

from common.documents.reading import Reader


@pytest.fixture(scope="session")
def reader(tesseract):
    with Reader(workers=1) as shared:
        yield shared
