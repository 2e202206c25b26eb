import pytest
from tests.contract.ensembles import train_all


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """The three jobs of the sample, run once as plain `python src/train_….py`."""
    return train_all(tmp_path_factory.mktemp("plain"))
