"""The sequence job says itself whether its model beats what it must beat."""

import json

import pytest
from tests.contract.ensembles import CHANNELS
from tests.contract.programs import run

pytestmark = pytest.mark.slow


def test_the_log_names_every_rival(plain):
    log = plain["sequence"].outcome.err
    verdicts = [line for line in log.splitlines() if line.startswith("validation: The ensemble ")]
    assert len(verdicts) == 3
    for line, rival in zip(
        verdicts, ("alone", "the mean of both", "the linear chain"), strict=True
    ):
        assert rival in line
        assert "points in the F1 of exact segments with label" in line


def test_what_the_job_reports_is_what_evaluate_says_of_its_predictions(plain, tmp_path):
    output = plain["sequence"].folder / "output"
    files = {"report": tmp_path / "report.html", "output": tmp_path / "metrics.json"}
    outcome = run(
        "evaluate.py",
        {
            "pages": CHANNELS["validation"],
            "predictions": output / "predictions",
            "beside": f"Linear chain={output / 'linear_chain'}",
            "model": plain["sequence"].folder / "model",
            **files,
        },
    )
    assert outcome.status == 0, outcome.err
    assert files["report"].read_bytes() == (output / "report.html").read_bytes()
    assert json.loads(files["output"].read_text()) == json.loads(
        (output / "metrics.json").read_text()
    )
    chain = (output / "linear_chain/segments.jsonl").read_text()
    assert chain != (output / "predictions/segments.jsonl").read_text()
