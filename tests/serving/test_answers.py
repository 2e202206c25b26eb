import json

import pytest
from tests.results.streams import make_predictions

from common.serving.answers import joined, stream_answers, written

SAID = {"a": [("letter", 2), ("invoice", 1)], "b": [("letter", 1)]}


def test_lines_and_json_hold_the_same_records():
    answers = stream_answers(make_predictions(SAID), pages=True)
    lines = written(answers, "application/jsonlines").decode().splitlines()
    whole = json.loads(written(answers, "application/json"))
    assert whole == {"streams": [json.loads(line) for line in lines]}
    assert [record["stream"] for record in whole["streams"]] == ["a", "b"]
    first = whole["streams"][0]
    assert [segment["label"] for segment in first["segments"]] == ["letter", "invoice"]
    assert [page["page"] for page in first["pages"]] == [1, 2, 3]


def test_pages_are_told_of_only_where_they_are_wanted():
    answers = stream_answers(make_predictions(SAID), pages=False)
    record = json.loads(written(answers, "application/jsonlines").splitlines()[0])
    assert set(record) == {"stream", "confidence", "segments", "readings"}


def test_no_other_form_is_made_up():
    with pytest.raises(ValueError, match="text/html"):
        joined([], "text/html")
