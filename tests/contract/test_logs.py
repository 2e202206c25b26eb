"""What the jobs of the sample said, read as SageMaker reads it."""

import json
import re

import pytest
from tests.contract.ensembles import SMALL

from common.job.metrics import definitions

pytestmark = pytest.mark.slow
KINDS = ("text", "image", "sequence")


@pytest.mark.parametrize("kind", KINDS)
def test_every_metric_is_read_once_an_epoch_and_a_base_models_once_of_what_was_kept(plain, kind):
    log = plain[kind].outcome.out
    history = plain[kind].folder / "model" / ("sequence" if kind == "sequence" else "")
    epochs = len(json.loads((history / "history.json").read_text())["epochs"])
    kept = json.loads((plain[kind].folder / "model" / "manifest.json").read_text())["metrics"]
    for one in definitions(kind):
        values = re.findall(one["Regex"], log)
        of_model = kind != "sequence" and one["Name"].startswith("validation:")
        assert len(values) == epochs + of_model, one["Name"]
        if of_model:
            assert values[-1] == f"{kept[one['Name'].replace(':', '_')]:.6g}"
        assert all(float(value) >= 0 for value in values)


@pytest.mark.parametrize("kind", KINDS)
def test_every_line_on_standard_output_is_a_metric(plain, kind):
    patterns = [one["Regex"] for one in definitions(kind)]
    for line in plain[kind].outcome.out.splitlines():
        assert sum(bool(re.fullmatch(pattern, line)) for pattern in patterns) == 1, line


@pytest.mark.parametrize("kind", KINDS)
def test_the_log_starts_with_versions_and_hyperparameters(plain, kind):
    versions, hyperparameters = plain[kind].outcome.err.splitlines()[:2]
    assert re.match(r"python 3\.\d+\.\d+, mxnet.* 1\.9\.1, ", versions)
    assert f'"epochs":{SMALL[kind]["epochs"]}' in hyperparameters


@pytest.mark.parametrize("kind", KINDS)
def test_no_progress_bar_fills_the_log(plain, kind):
    log = plain[kind].outcome.err
    assert "\r" not in log
    assert "%|" not in log
