import pytest
from hypothesis import HealthCheck, settings
from tests.contract.ensembles import train_all

# A busy machine must not turn a test red: nothing here is about how long an example takes.
settings.register_profile("timeless", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("timeless")


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """The three jobs of the sample, run once as plain `python src/train_….py`."""
    return train_all(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def tesseract():
    """Fails with the remedy where OCR is not installed."""
    from common.documents.ocr import LANGUAGES, require_tesseract

    require_tesseract(LANGUAGES)
