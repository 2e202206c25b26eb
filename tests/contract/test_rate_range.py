"""A job that is asked for learning rates, and for no model."""

import json

import pytest
from tests.contract.ensembles import train

pytestmark = pytest.mark.slow


def test_it_leaves_a_proposal_and_no_artifact(tmp_path):
    trained = train(tmp_path, "image", {"lr_range_test": "true"})
    assert not trained.model
    assert set(trained.output) == {"lr_range_test.json", "lr_range_test.svg"}
    found = json.loads((tmp_path / "output" / "lr_range_test.json").read_text())
    assert 1e-5 < found["min_lr"] < found["max_lr"] < 10
    assert f"max_lr={found['max_lr']:g}" in trained.outcome.err
    assert not trained.outcome.out
