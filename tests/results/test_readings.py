import json

import numpy as np
import pytest
from tests.labelled import channel_of
from tests.results.streams import make_predictions
from tests.results.test_decisions import CHANNEL, CLASSES, decide, posteriors

from common.job.errors import ClientError
from common.pages.posteriors import Hypothesis
from common.results.predictions import read_predictions, write_predictions
from common.results.readings import (
    ReadDocument,
    Reading,
    StreamPrediction,
    differences,
    stream_predictions,
)

BEST = Hypothesis(np.array([0, 0, 1]), np.array([True, False, True]), 0.75)
SECOND = Hypothesis(np.array([0, 0, 0]), np.array([True, False, False]), 0.125)


def stream(*readings, confidence=0.75, name="a"):
    made = [
        Reading(probability, tuple(ReadDocument(*document) for document in documents))
        for probability, documents in readings
    ]
    return StreamPrediction(name, confidence, tuple(made))


def test_readings_are_the_hypotheses_in_page_numbers_and_class_names():
    channel = channel_of([("x", ["a", "b"]), ("y", ["c"])], [("x", ["d"])])
    other = posteriors(best=(Hypothesis(np.array([1]), np.array([True]), 0.5),))
    found = stream_predictions(channel, CLASSES, [posteriors(best=(BEST, SECOND)), other])
    first = stream((0.75, [(1, 2, "x"), (3, 3, "y")]), (0.125, [(1, 3, "x")]), name="s1")
    second = stream((0.5, [(1, 1, "y")]), confidence=0.5, name="s2")
    assert found == [first, second]


def test_other_readings_are_told_by_what_the_best_has_not():
    found = stream(
        (0.6, [(1, 2, "x"), (3, 3, "y"), (4, 4, "x")]),
        (0.2, [(1, 3, "x"), (4, 4, "x")]),
        (0.1, [(1, 2, "x"), (3, 3, "z"), (4, 4, "x")]),
    )
    assert differences(found) == [(0.2, ["pages 1–3 x"]), (0.1, ["page 3 z"])]


def test_they_are_written_beside_the_segments_and_read_again(tmp_path):
    said = decide(best=(BEST, SECOND))
    write_predictions(tmp_path, *said)
    assert json.loads((tmp_path / "streams.jsonl").read_text()) == {
        "stream": CHANNEL.pages[0].stream,
        "confidence": 0.75,
        "readings": [
            {
                "probability": 0.75,
                "documents": [
                    {"first_page": 1, "last_page": 2, "label": "x"},
                    {"first_page": 3, "last_page": 3, "label": "y"},
                ],
            },
            {
                "probability": 0.125,
                "documents": [{"first_page": 1, "last_page": 3, "label": "x"}],
            },
        ],
    }
    assert read_predictions(tmp_path) == said


def test_predictions_of_another_program_may_lack_them(tmp_path):
    pages, segments, _ = make_predictions({"a": [("x", 2)]})
    write_predictions(tmp_path, pages, segments)
    (tmp_path / "streams.jsonl").unlink()
    assert list(read_predictions(tmp_path).streams) == []


@pytest.mark.parametrize(
    "documents",
    [[(1, 2, "y")], [(1, 1, "x"), (2, 2, "x")], [(1, 2, "x"), (3, 3, "x")]],
    ids=["another label", "another cut", "more pages"],
)
def test_a_best_reading_that_is_not_that_of_the_segments_is_refused(tmp_path, documents):
    pages, segments, _ = make_predictions({"b": [("x", 1)], "a": [("x", 2)]})
    write_predictions(tmp_path, pages, segments, [stream((0.75, documents))])
    with pytest.raises(ClientError, match=r"streams\.jsonl: stream 'a': the best reading"):
        read_predictions(tmp_path)


def test_a_stream_without_a_reading_is_refused_with_its_line(tmp_path):
    pages, segments, _ = make_predictions({"a": [("x", 2)]})
    write_predictions(tmp_path, pages, segments)
    line = json.dumps({"stream": "a", "confidence": 0.5, "readings": []})
    (tmp_path / "streams.jsonl").write_text(line + "\n")
    with pytest.raises(ClientError, match=r"streams\.jsonl line 1, field 'readings'"):
        read_predictions(tmp_path)
