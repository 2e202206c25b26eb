import json

import pytest

from common.job.errors import ClientError
from common.results.answers import read_answers


def answer(stream, *segments, pages=None):
    """Segments as (first page, last page, label, confidence)."""
    found = [
        {
            "stream": stream,
            "document": number,
            "first_page": first,
            "last_page": last,
            "label": label,
            "confidence": confidence,
            "alternatives": [],
            "status": "review",
            "reasons": ["x"],
        }
        for number, (first, last, label, confidence) in enumerate(segments, start=1)
    ]
    documents = [
        {"first_page": first, "last_page": last, "label": label}
        for first, last, label, _ in segments
    ]
    readings = [{"probability": 0.5, "documents": documents}]
    record = {"stream": stream, "confidence": 0.5, "segments": found, "readings": readings}
    return {**record, "pages": pages} if pages else record


def write(folder, name, *records):
    folder.mkdir(exist_ok=True)
    lines = (record if isinstance(record, str) else json.dumps(record) for record in records)
    (folder / f"{name}.jsonl.out").write_text("".join(f"{line}\n" for line in lines))


def test_pages_follow_from_segments_where_the_answer_has_none(tmp_path):
    write(tmp_path / "scored", "00001", answer("a", (1, 2, "letter", 0.9), (3, 3, "invoice", 0.4)))
    write(tmp_path / "scored", "00002", answer("b", (1, 1, "letter", 0.7)))
    found = read_answers(tmp_path / "scored", tmp_path / "said")
    assert [(p.stream, p.page, p.document, p.label, p.first_page) for p in found.pages] == [
        ("a", 1, 1, "letter", 1.0),
        ("a", 2, 1, "letter", 0.0),
        ("a", 3, 2, "invoice", 1.0),
        ("b", 1, 1, "letter", 1.0),
    ]
    assert [s.confidence for s in found.segments] == [0.9, 0.4, 0.7]
    assert [s.stream for s in found.streams] == ["a", "b"]


def test_pages_of_the_answer_are_taken(tmp_path):
    page = {
        "stream": "a",
        "page": 1,
        "document": 1,
        "label": "letter",
        "confidence": 0.8,
        "first_page": 0.9,
        "probabilities": {"letter": 0.8, "invoice": 0.2},
    }
    write(tmp_path / "scored", "00001", answer("a", (1, 1, "letter", 0.7), pages=[page]))
    found = read_answers(tmp_path / "scored", tmp_path / "said")
    assert found.pages[0].probabilities == {"letter": 0.8, "invoice": 0.2}


@pytest.mark.parametrize(
    ("record", "told"),
    [("{", "not JSON"), ({"error": "too_large"}, "no answer of a stream"), ("[1]", "no answer")],
)
def test_what_is_no_answer_is_told_by_file_and_line(tmp_path, record, told):
    write(tmp_path / "scored", "00001", answer("a", (1, 1, "letter", 0.7)), record)
    with pytest.raises(ClientError, match=f"00001.jsonl.out line 2: {told}"):
        read_answers(tmp_path / "scored", tmp_path / "said")


def test_no_answer_at_all_is_told(tmp_path):
    (tmp_path / "scored").mkdir()
    with pytest.raises(ClientError, match="there is no answer"):
        read_answers(tmp_path / "scored", tmp_path / "said")
