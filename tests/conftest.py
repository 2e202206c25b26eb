import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.browser import chromium
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


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Chromium; fails with the remedy where it is not installed."""
    with chromium(tmp_path_factory.mktemp("browser")) as window:
        yield window


CONTAINER = Path(__file__).parent / "container"


def pytest_addoption(parser):
    group = parser.getgroup("container", "tests of the built image, in tests/container")
    group.addoption(
        "--image",
        default=os.environ.get("ENSEMBLE_IMAGE"),
        help="the image to test; without one tests/container is left out (ENSEMBLE_IMAGE)",
    )
    group.addoption(
        "--gpu-image",
        default=os.environ.get("ENSEMBLE_GPU_IMAGE"),
        help="the GPU variant to test as well (ENSEMBLE_GPU_IMAGE)",
    )
    group.addoption(
        "--all-faults", action="store_true", help="every fault of the table, not a few of each kind"
    )
    group.addoption(
        "--write-table", type=Path, metavar="FILE", help="write the table of faults into FILE"
    )


def pytest_ignore_collect(collection_path, config):
    if collection_path == CONTAINER and why_not(config):
        return True
    return None


def why_not(config) -> str:
    """What is missing for the tests of the image; nothing if they can run."""
    if not config.getoption("--image"):
        return "no image is named (--image, ENSEMBLE_IMAGE)"
    from tests.container.engine import working_engine  # asks the engines

    if working_engine() is None:
        return "neither docker nor podman answers"
    return ""


def pytest_terminal_summary(terminalreporter, config):
    if missing := why_not(config):
        terminalreporter.write_line(f"THE IMAGE WAS NOT TESTED: {missing}", yellow=True, bold=True)
