import json

import pytest
from tests.contract.ensembles import train

pytestmark = pytest.mark.slow


def test_the_threshold_of_cross_validation_says_what_it_rests_on(plain, tmp_path):
    """More segments than validation has, and as many in the log as in the artifact."""
    bases = {kind: plain[kind].folder for kind in ("text", "image")}
    asked = {"threshold_from": "cross-validation", "structure": "chain", "folds": 2}
    trained = train(tmp_path, "sequence", {**bases, **asked, "compare": False})
    of_validation, found = (
        json.loads((folder / "model/sequence/decision.json").read_text())["threshold"]
        for folder in (plain["sequence"].folder, tmp_path)
    )
    assert found["source"] == "cross-validation"
    assert found["segments"] > 2 * of_validation["segments"]
    assert f"segments of cross-validation without a fault; there are {found['segments']}" in (
        trained.outcome.err
    )
