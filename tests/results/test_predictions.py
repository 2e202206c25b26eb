import json

import pytest
from tests.results.streams import make_channel, make_predictions
from tests.results.test_systems import outputs

from common.job.errors import ClientError
from common.results.predictions import (
    PagePrediction,
    Predictions,
    Voice,
    explained,
    in_channel_order,
    read_base_outputs,
    read_predictions,
    write_base_outputs,
    write_predictions,
)
from common.results.segments import Alternative, Segment

PAGE = {
    "stream": "a",
    "page": 1,
    "document": 1,
    "label": "letter",
    "confidence": 0.75,
    "first_page": 1.0,
    "probabilities": {"letter": 0.75, "invoice": 0.25},
    "because": [{"text": "dear", "vote": 1.5}],
    "novelty": 0.25,
}
SEGMENT = {
    "stream": "a",
    "document": 1,
    "first_page": 1,
    "last_page": 1,
    "label": "letter",
    "confidence": 0.75,
    "alternatives": [{"label": "invoice", "confidence": 0.25}],
    "status": "review",
    "reasons": ["two labels"],
    "novelty": 0.5,
}


def write(folder, pages, segments):
    for name, records in (("pages", pages), ("segments", segments)):
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (folder / f"{name}.jsonl").write_text(lines)


def test_files_hold_the_records_of_the_contract(tmp_path):
    pages = [PagePrediction(**PAGE)]
    alternatives = (Alternative("invoice", 0.25),)
    segments = [
        Segment("a", 1, 1, 1, "letter", 0.75, alternatives, "review", ("two labels",), 0.5),
    ]
    write_predictions(tmp_path, pages, segments)
    assert json.loads((tmp_path / "pages.jsonl").read_text()) == PAGE
    assert json.loads((tmp_path / "segments.jsonl").read_text()) == SEGMENT


def test_what_was_written_is_read(tmp_path):
    written = make_predictions(
        {"a": [("letter", 2), ("Gehaltsabrechnung – März", 1)], "b": [("letter", 1)]},
        confidences=[1 / 3, 0.1 + 0.2, 1e-12],
    )
    write_predictions(tmp_path, *written)
    assert read_predictions(tmp_path) == written


def test_every_broken_record_is_named_with_file_line_and_field(tmp_path):
    write(
        tmp_path,
        [PAGE, {**PAGE, "page": "2"}, {key: PAGE[key] for key in PAGE if key != "label"}],
        [{**SEGMENT, "confidence": 1.5, "status": "done"}, {**SEGMENT, "last_page": 0}],
    )
    with pytest.raises(ClientError) as caught:
        read_predictions(tmp_path)
    message = str(caught.value)
    pages, segments = tmp_path / "pages.jsonl", tmp_path / "segments.jsonl"
    for expected in (
        f"{pages} line 2, field 'page': Input should be a valid integer",
        f"{pages} line 3, field 'label': Field required",
        f"{segments} line 1, field 'confidence': must be a probability",
        f"{segments} line 1, field 'status': Input should be 'accepted' or 'review'",
        f"{segments} line 2, field 'last_page': Input should be greater than or equal to 1",
        "src/predict.py",
    ):
        assert expected in message


def test_a_line_that_is_no_json_is_named(tmp_path):
    write(tmp_path, [PAGE], [SEGMENT])
    with (tmp_path / "pages.jsonl").open("a") as file:
        file.write('{"stream": "a", "pa')
    with pytest.raises(ClientError, match=r"pages\.jsonl line 2: Invalid JSON"):
        read_predictions(tmp_path)


def test_a_page_may_come_once_only(tmp_path):
    write(tmp_path, [PAGE, PAGE], [SEGMENT])
    with pytest.raises(ClientError, match=r"line 2, field 'page': page 1 .* already on line 1"):
        read_predictions(tmp_path)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(ClientError, match=r"(?s)pages\.jsonl.*segments\.jsonl"):
        read_predictions(tmp_path)


def test_pages_and_segments_must_tell_the_same_story(tmp_path):
    write(tmp_path, [{**PAGE, "document": 2}], [SEGMENT])
    complaint = "lies in document 1, but pages.jsonl says 2"
    with pytest.raises(ClientError, match=complaint):
        read_predictions(tmp_path)


def test_a_gap_between_segments_is_named(tmp_path):
    write(tmp_path, [PAGE, {**PAGE, "page": 2, "document": 2}], [SEGMENT])
    with pytest.raises(ClientError, match="page 2 of stream 'a' lies in no segment"):
        read_predictions(tmp_path)


def test_predictions_come_in_the_order_of_the_channel():
    channel = make_channel({"a": [("letter", 2)], "b": [("letter", 1)]})
    pages, *_ = make_predictions({"b": [("letter", 1)], "a": [("letter", 2)]})
    assert [page.key for page in in_channel_order(channel, pages)] == channel.keys


def test_pages_without_prediction_and_predictions_without_page_are_counted():
    channel = make_channel({"a": [("letter", 5)]})
    pages, *_ = make_predictions({"a": [("letter", 1)], "c": [("letter", 2)]})
    with pytest.raises(ClientError) as caught:
        in_channel_order(channel, pages)
    message = str(caught.value)
    assert "pages without a prediction: 4 (page 2 of stream 'a', page 3 of stream 'a'" in message
    assert "predictions without a page: 2 (page 1 of stream 'c', page 2 of stream 'c')." in message
    assert "src/predict.py" in message


def test_no_base_models_answer_of_an_earlier_prediction_stays(tmp_path):
    channel = make_channel({"a": [("letter", 2)]})
    text, image = (outputs(channel, kind, good=True) for kind in ("text", "image"))
    write_base_outputs(tmp_path, [text, image])
    assert [each.kind for each in read_base_outputs(tmp_path)] == ["text", "image"]
    (tmp_path / "page_outputs/train.npz").touch()  # of a training job
    write_base_outputs(tmp_path, [image])
    assert [each.kind for each in read_base_outputs(tmp_path)] == ["image"]
    assert (tmp_path / "page_outputs/train.npz").exists()


def test_what_spoke_for_a_label_is_written_with_its_page(tmp_path):
    predictions = Predictions([PagePrediction(**{**PAGE, "because": ()})], [Segment(**SEGMENT)], [])
    told = explained(predictions, [[("dear", 1.5)]])
    assert told.pages[0].because == (Voice("dear", 1.5),)
    assert predictions.pages[0].because == ()
    write_predictions(tmp_path, *told)
    assert read_predictions(tmp_path) == told
