import pytest


@pytest.fixture(scope="session")
def image(request) -> str:
    return request.config.getoption("--image")
