import json
from collections.abc import Iterator
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from common.job.errors import ClientError
from common.job.hyperparameters import Conflict, Hyperparameters, parse, valid_values


class Table(Hyperparameters):
    epochs: int = Field(default=3, ge=1, le=10, description="")
    rate: float = Field(default=0.5, gt=0, lt=1, description="")
    augment: bool = Field(default=True, description="")
    encoder: Literal["ngram", "cnn"] = Field(default="ngram", description="")
    note: str = Field(default="", description="")
    scale: float = Field(default=1.0, description="")

    def conflicts(self) -> Iterator[Conflict]:
        if self.epochs == 1 and self.augment:
            yield Conflict(("epochs", "augment"), "one epoch is too few to augment")


def refusal(values: dict) -> str:
    with pytest.raises(ClientError) as caught:
        parse(Table, values)
    return str(caught.value)


def test_nothing_given_means_the_defaults():
    assert parse(Table, {}) == Table()


@pytest.mark.parametrize("quoted", ["{}", '"{}"'])
def test_plain_and_json_quoted_strings_mean_the_same(quoted):
    given = {"epochs": "7", "rate": "1e-3", "augment": "false", "encoder": "cnn", "seed": "5"}
    table = parse(Table, {name: quoted.format(value) for name, value in given.items()})
    assert (table.epochs, table.rate, table.augment, table.encoder) == (7, 0.001, False, "cnn")
    assert table.seed == 5


@given(st.text())
def test_any_string_survives_json_quoting(text):
    assert parse(Table, {"note": json.dumps(text)}).note == text


@pytest.mark.parametrize("text", ['"', '""', "a", '"a', 'a"'])
def test_quotes_that_are_not_json_stay(text):
    expected = "" if text == '""' else text
    assert parse(Table, {"note": text}).note == expected


@pytest.mark.parametrize("text", ["False", "false", "0", '"False"', "no", "off"])
def test_false_is_false(text):
    assert parse(Table, {"augment": text}).augment is False


@pytest.mark.parametrize("text", ["True", "true", "1", '"True"', "yes", "on"])
def test_true_is_true(text):
    assert parse(Table, {"augment": text}).augment is True


@pytest.mark.parametrize("text", ["", "maybe", "2", "None"])
def test_what_is_no_boolean_is_refused(text):
    assert f"'augment' must be true or false. Got {text!r}" in refusal({"augment": text})


def test_all_that_is_wrong_is_told_in_one_message():
    message = refusal(
        {"epoch": "3", "colour": "red", "epochs": "many", "rate": "1", "encoder": "x", "seed": "-1"}
    )
    for told in (
        "'epoch' is unknown. Did you mean 'epochs'?",
        "'colour' is unknown. See --help",
        "'epochs' must be an integer in the range [1, 10]. Got 'many' instead.",
        "'rate' must be a number in the range (0, 1). Got '1' instead.",
        "'encoder' must be one of ngram, cnn. Got 'x' instead.",
        "'seed' must be an integer in the range [0, 2147483648). Got '-1' instead.",
        "Correct the job's hyperparameters. (1 of 6 problems)",
    ):
        assert told in message


def test_what_cannot_go_together_is_told_with_the_rest():
    message = refusal({"epochs": "1", "rate": "9", "colour": "red"})
    assert "one epoch is too few to augment" in message
    assert "'rate'" in message
    assert "'colour'" in message


def test_a_value_that_is_wrong_by_itself_conflicts_with_none():
    assert "too few" not in refusal({"epochs": "1", "augment": "maybe"})


def test_a_conflict_alone_is_refused():
    assert refusal({"epochs": "1"}).startswith("hyperparameters: one epoch is too few to augment.")
    assert parse(Table, {"epochs": "1", "augment": "no"}).epochs == 1


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity", "NaN"])
def test_numbers_are_finite(text):
    assert f"'scale' must be a number. Got {text!r}" in refusal({"scale": text})


@pytest.mark.parametrize("text", ["2.5", "", "1e1x", "[2]", "true"])
def test_what_is_no_integer_is_refused(text):
    assert f"Got {text!r} instead" in refusal({"epochs": text})


def test_a_value_of_a_thousand_letters_does_not_bury_the_message():
    assert len(refusal({"epochs": "x" * 1000})) < 250


def test_what_sagemaker_adds_is_not_ours():
    added = {
        "sagemaker_program": "train_text.py",
        "sagemaker_submit_directory": "/opt/ml/code",
        "_tuning_objective_metric": "validation:loss",
    }
    assert parse(Table, added) == Table()


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("epochs", "an integer in the range [1, 10]"),
        ("rate", "a number in the range (0, 1)"),
        ("scale", "a number"),
        ("augment", "true or false"),
        ("encoder", "one of ngram, cnn"),
        ("note", "a string"),
    ],
)
def test_rules_are_told_in_words(name, rule):
    assert valid_values(Table, name) == rule
