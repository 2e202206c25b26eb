import json
import sys

import pytest
from benchmarks.text.measuring import run
from benchmarks.text.raw_pages import raw_pages
from benchmarks.text.scoring import accuracy
from tests.sample import SAMPLE


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", ["tfidf-logistic", "hashing-sgd"])
@pytest.mark.parametrize("characters", [(), ("--characters",)])
def test_it_learns_the_sample(tmp_path, pipeline, characters):
    def peer(*flags):
        program = [sys.executable, "-m", "benchmarks.text.sklearn_peer"]
        return run([*program, "--model", str(tmp_path / "model"), *flags], {"PYTHONPATH": "."})

    peer("--train", str(SAMPLE / "train"), "--pipeline", pipeline, *characters)
    lines = peer("--predict", str(SAMPLE / "test")).lines
    assert [line for _, line in lines[:-1]] == ["started"]
    told = json.loads(lines[-1][1])
    truth = [page.label for page in raw_pages(SAMPLE / "test")]
    assert accuracy(truth, told["labels"]) > 0.8
    assert 0 < told["seconds"]["wall"] < lines[-1][0]
    assert told["seconds"]["processor"] > 0
