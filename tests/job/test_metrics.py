import re

import pytest

from common.job.metrics import METRICS, definitions, emit


def readings(log: str, kind: str) -> dict[str, list[float]]:
    return {
        one["Name"]: [float(found) for found in re.findall(one["Regex"], log)]
        for one in definitions(kind)
    }


@pytest.mark.parametrize("kind", METRICS)
def test_each_metric_has_one_definition_within_sagemakers_limits(kind):
    assert [one["Name"] for one in definitions(kind)] == list(METRICS[kind])
    assert len(definitions(kind)) <= 40
    for one in definitions(kind):
        assert set(one) == {"Name", "Regex"}
        assert 1 <= len(one["Name"]) <= 255
        assert 1 <= len(one["Regex"]) <= 500
        assert re.compile(one["Regex"]).groups == 1


@pytest.mark.parametrize("kind", METRICS)
def test_each_line_is_read_by_its_own_definition_and_by_no_other(kind, capsys):
    for place, name in enumerate(METRICS[kind], start=1):
        emit({name: place + 0.25})
    expected = {name: [place + 0.25] for place, name in enumerate(METRICS[kind], start=1)}
    assert readings(capsys.readouterr().out, kind) == expected


@pytest.mark.parametrize("value", [0.0, 1.0, 0.973123, 123456789.0, 1.5e-12, 2e30, -0.25, -3e-7])
def test_every_size_of_number_is_read(value, capsys):
    emit({"train:loss": value})
    assert readings(capsys.readouterr().out, "text")["train:loss"] == [pytest.approx(value, 1e-5)]


def test_a_line_is_what_the_documentation_says(capsys):
    emit({"validation:macro_f1": 0.97314, "validation:loss": 1.5e-7})
    assert capsys.readouterr().out == "validation:macro_f1=0.97314;\nvalidation:loss=1.5e-07;\n"


@pytest.mark.parametrize("line", ["train:loss=nan;", "train:loss=;", "loss=1;", "train:loss: 1;"])
def test_other_lines_are_not_read(line):
    assert readings(line, "text")["train:loss"] == []


def test_lines_are_flushed_as_they_come(monkeypatch):
    printed = []
    monkeypatch.setattr("builtins.print", lambda *words, **how: printed.append(how))
    emit({"train:loss": 1.0})
    assert printed == [{"flush": True}]
