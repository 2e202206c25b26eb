import json
import re

import pytest
from tests.workflow.faults import FAULTS, TWICE, WAITED
from workflow.checks.__main__ import DEFINITION
from workflow.checks.samples import DEPLOYMENT, result_of, sample_inputs
from workflow.checks.simulation import Failure, walk
from workflow.checks.ways import CAPACITY, SUCCESS
from workflow.substitution import substituted

TEXT = (DEFINITION.parents[1] / "docs/workflow.md").read_text("utf-8")
SENTENCES = " ".join(TEXT.split())


def test_the_table_of_faults_is_of_the_faults_that_are_tried():
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| (\d+) \| [^|]+ \| (\d) \| (\w+) \|", TEXT, re.M)
    assert [row[:2] for row in rows] == FAULTS
    for _, kind, retries, told, status in rows:
        fine = kind in (TWICE, WAITED)
        assert (told, status) == (("0", "SUCCEEDED") if fine else ("1", "FAILED"))
        assert not fine or retries == "2"


@pytest.mark.parametrize(
    ("given", "transitions"),
    [("smallest", 23), ("skip_image", 21), ("sequence_alone", 19), ("scans", 24)],
)
def test_a_run_takes_as_many_transitions_as_the_docs_say(given, transitions):
    definition = substituted(json.loads(DEFINITION.read_text("utf-8")), DEPLOYMENT)
    way = walk(definition, sample_inputs()[given], lambda _, *asked: result_of(*asked))
    assert len(way.visited) == transitions
    assert "23 transitions, 21 without one base model and 19 without both" in SENTENCES
    assert "one more where files are converted" in SENTENCES


def test_a_wait_for_instances_takes_as_many_transitions_as_the_docs_say():
    definition = substituted(json.loads(DEFINITION.read_text("utf-8")), DEPLOYMENT)
    missing = [CAPACITY, CAPACITY]

    def answer(state, *asked):
        if state == "Train Sequence Model" and missing:
            raise missing.pop()
        return result_of(*asked)

    way = walk(definition, sample_inputs()["smallest"], answer)
    assert way.failure is None
    assert len(way.visited) == 23 + 2 * 4
    assert "four for each wait for instances" in SENTENCES


def test_a_run_that_fails_takes_as_many_transitions_as_the_docs_say():
    definition = substituted(json.loads(DEFINITION.read_text("utf-8")), DEPLOYMENT)

    def answer(state, *asked):
        if state == SUCCESS:
            raise Failure("Broken", "nobody can be told")
        return result_of(*asked)

    way = walk(definition, sample_inputs()["smallest"], answer)
    assert len(way.visited) == 23 + 4
    assert "A run that fails takes at most four more." in SENTENCES
