import json
from pathlib import Path

import pytest

from common.job.reference import reference
from common.job.tables import TABLES

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


@pytest.mark.parametrize("name", reference())
def test_the_docs_say_what_the_code_says(name):
    assert (DOCS / name).read_text(encoding="utf-8") == reference()[name], "run `make reference`"


@pytest.mark.parametrize("model", TABLES)
def test_schemas_hold_every_hyperparameter_with_its_range(model):
    schema = json.loads(reference()[f"hyperparameters/{model}.json"])
    assert set(schema["properties"]) == set(TABLES[model].model_fields)
    assert schema["additionalProperties"] is False
    typed, string = schema["properties"]["seed"]["anyOf"]
    assert (typed["type"], typed["minimum"]) == ("integer", 0)
    assert "range" in string["description"]


def test_expressions_keep_to_sagemakers_limits():
    for definitions in json.loads(reference()["metric_definitions.json"]).values():
        assert len(definitions) <= 40
        assert all(len(one["Regex"]) <= 500 and len(one["Name"]) <= 255 for one in definitions)
