import json
import re
from typing import Any, Literal

import pytest
from pydantic import Field

from common.job.errors import ClientError
from common.job.hyperparameters import Hyperparameters, parse
from common.job.reference import reference
from common.job.request_schema import request_schema
from common.job.tables import TABLES


class Table(Hyperparameters):
    count: int = Field(default=3, ge=1, le=100)
    rate: float = Field(default=0.5, gt=0, lt=1)
    careful: bool = False
    encoder: Literal["a.b", "c"] = "c"
    only: Literal["one"] = "one"


TYPES = {"integer": int, "number": (int, float), "boolean": bool, "string": str}


def fits(rule: dict[str, Any], value: object) -> bool:
    """The keywords that our schemas use, as JSON Schema defines them."""
    if "anyOf" in rule:
        return any(fits(branch, value) for branch in rule["anyOf"])
    if "type" in rule and not isinstance(value, TYPES[rule["type"]]):
        return False
    if isinstance(value, bool) and rule.get("type") != "boolean":
        return False
    return (
        (not isinstance(value, str) or re.search(rule.get("pattern", ""), value) is not None)
        and value in rule.get("enum", [value])
        and value == rule.get("const", value)
        and value >= rule.get("minimum", value)
        and value <= rule.get("maximum", value)
        and ("exclusiveMinimum" not in rule or value > rule["exclusiveMinimum"])
        and ("exclusiveMaximum" not in rule or value < rule["exclusiveMaximum"])
    )


def accepts(schema: dict[str, Any], request: dict[str, object]) -> bool:
    for name, value in request.items():
        rules = [rule for key, rule in schema["properties"].items() if key == name]
        rules += [rule for key, rule in schema["patternProperties"].items() if re.search(key, name)]
        if not rules and not schema["additionalProperties"]:
            return False
        if not all(fits(rule, value) for rule in rules):
            return False
    return True


@pytest.mark.parametrize("model", TABLES)
@pytest.mark.parametrize("form", [str, lambda value: json.dumps(str(value)), lambda value: value])
def test_every_default_is_accepted_in_every_form(model, form):
    schema = json.loads(reference()[f"hyperparameters/{model}.json"])
    request = {name: form(value) for name, value in TABLES[model]().model_dump().items()}
    assert accepts(schema, request)


@pytest.mark.parametrize("model", TABLES)
def test_what_sagemaker_adds_is_accepted(model):
    schema = json.loads(reference()[f"hyperparameters/{model}.json"])
    added = {
        "epochs": "3",
        "sagemaker_program": f"train_{model}.py",
        "sagemaker_region": '"eu-central-1"',
        "_tuning_objective_metric": "validation:loss",
    }
    assert accepts(schema, added)
    assert not accepts(schema, {"epoks": "3"})
    assert not accepts(schema, {"my_sagemaker_program": "x.py"})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("count", ["7", '"7"', "+7", "7.0", 7]),
        ("rate", ["0.5", '"0.5"', ".5", "5e-1", "1E-3", 0.5]),
        ("careful", ["true", "False", '"TRUE"', "0", "1", True]),
        ("encoder", ["a.b", '"c"', "c"]),
        ("only", ["one", '"one"']),
    ],
)
def test_what_is_accepted_is_what_a_job_takes(name, values):
    for value in values:
        assert accepts(request_schema(Table), {name: value}), value
        parse(Table, {name: value})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("count", ["", "many", "7.5", '"7', "7 8", 0, 101, True]),
        ("rate", ["", ".", "e3", "nan", "inf", "0,5", 0, 1]),
        ("careful", ["maybe", "2", ""]),
        ("encoder", ["axb", "d", "", "a.b|c"]),
        ("only", ["two", "one or two"]),
    ],
)
def test_what_is_refused_a_job_refuses_too(name, values):
    for value in values:
        assert not accepts(request_schema(Table), {name: value}), value
        if value is not True:  # 1 to pydantic
            with pytest.raises(ClientError):
                parse(Table, {name: value})
