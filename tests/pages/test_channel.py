import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.labelled import channel_of

from common.job.errors import ClientError
from common.pages.channel import Channel, read_channel, write_channel
from common.pages.page import Page

GOOD = {"stream": "a", "page": 1, "document": "d", "label": "x", "text": "t", "image": None}


def write(folder: Path, *records: object) -> Path:
    lines = (record if isinstance(record, str) else json.dumps(record) for record in records)
    (folder / "pages.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@given(
    st.lists(
        st.builds(
            Page,
            stream=st.sampled_from(["a", "b"]),
            page=st.integers(1, 30),
            document=st.none() | st.sampled_from(["d", "e"]),
            label=st.none() | st.sampled_from(["x", "y"]),
            content=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
            **dict.fromkeys(("image", "language", "source", "licence"), st.none()),
        ),
        min_size=1,
        unique_by=lambda page: page.key,
    )
)
def test_what_was_written_is_read_again(tmp_path_factory, pages):
    folder = tmp_path_factory.mktemp("channel")
    write_channel(folder, pages)
    again = {page.key: page for page in read_channel(folder).pages}
    assert len(again) == len(pages)
    for page in pages:
        same = again[page.key]
        assert same.record == page.record
        assert (same.has_text, same.text_digest) == (page.has_text, page.text_digest)


def test_a_file_that_has_changed_is_not_read_on(tmp_path):
    page = read_channel(write(tmp_path, {**GOOD, "text": "long enough to be cut"})).pages[0]
    (tmp_path / "pages.jsonl").write_text('{"stream"')
    with pytest.raises(ClientError, match=r"pages\.jsonl is no longer what it was"):
        page.text  # noqa: B018


def test_pages_come_in_reading_order_and_streams_stay_together(tmp_path):
    records = [{**GOOD, "stream": s, "page": p} for s, p in (("b", 2), ("a", 1), ("b", 1))]
    assert read_channel(write(tmp_path, *records)).keys == [("b", 1), ("b", 2), ("a", 1)]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("{broken", "line 2: Invalid JSON"),
        ("[1]", "line 2"),
        ({**GOOD, "page": 0}, "line 2, field 'page'"),
        ({**GOOD, "page": "2"}, "line 2, field 'page'"),
        ({**GOOD, "stream": ""}, "line 2, field 'stream'"),
        ({key: GOOD[key] for key in GOOD if key != "text"}, "line 2, field 'text'"),
        (GOOD, "page 1 of stream 'a' was already on line 1"),
        ({**GOOD, "page": 2, "image": "../x.png"}, "leads out of the channel"),
        ({**GOOD, "page": 2, "image": "/etc/x.png"}, "leads out of the channel"),
        ({**GOOD, "page": 2, "image": "x.png"}, "there is no file"),
        ({**GOOD, "page": 2, "label": None}, "line 2, field 'label'"),
    ],
)
def test_a_bad_record_is_named_by_line_and_field(tmp_path, record, said):
    with pytest.raises(ClientError, match=r"pages\.jsonl") as caught:
        read_channel(write(tmp_path, GOOD, record), labelled=True)
    assert said in str(caught.value)


def test_all_problems_are_told_at_once(tmp_path):
    with pytest.raises(ClientError) as caught:
        read_channel(write(tmp_path, "{", {**GOOD, "page": 0}, "{"))
    assert all(f"line {line}" in str(caught.value) for line in (1, 2, 3))


def test_labels_are_needed_only_where_asked_for(tmp_path):
    folder = write(tmp_path, {**GOOD, "document": None, "label": None})
    assert len(read_channel(folder)) == 1
    with pytest.raises(ClientError):
        read_channel(folder, labelled=True)


def test_a_document_has_one_label(tmp_path):
    with pytest.raises(ClientError, match="2 labels, 'x', 'y'"):
        read_channel(write(tmp_path, GOOD, {**GOOD, "page": 2, "label": "y"}), labelled=True)


def test_an_empty_or_missing_file_is_refused(tmp_path):
    with pytest.raises(ClientError, match="there is no"):
        read_channel(tmp_path)
    with pytest.raises(ClientError, match="holds no page"):
        read_channel(write(tmp_path))


def test_documents_are_runs_of_neighbours():
    channel = channel_of([("x", "ab"), ("x", "c")], [("y", "d")])
    assert [(d.stream, d.label, d.rows) for d in channel.documents] == [
        ("s1", "x", range(2)),
        ("s1", "x", range(2, 3)),
        ("s2", "y", range(3, 4)),
    ]
    assert channel.streams == [range(3), range(3, 4)]


def test_one_document_id_in_two_streams_is_two_documents():
    pages = [Page(stream=s, page=1, document="d", label="x", content="") for s in "ab"]
    assert len(Channel("c", Path(), tuple(pages)).documents) == 2


def test_the_fingerprint_knows_the_bitmaps_and_not_the_licence(tmp_path):
    page = {**GOOD, "image": "a.png"}
    (tmp_path / "a.png").write_bytes(b"one")
    known = read_channel(write(tmp_path, page)).fingerprint
    assert read_channel(write(tmp_path, {**page, "licence": "CC0"})).fingerprint == known
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.png").write_bytes(b"two")
    assert read_channel(write(other, page)).fingerprint != known


def test_the_fingerprint_is_that_of_the_records():
    one = channel_of([("x", "ab")])
    assert one.fingerprint == channel_of([("x", "ab")]).fingerprint
    assert one.fingerprint != channel_of([("x", "ac")]).fingerprint


def test_streams_are_known_by_what_each_kind_of_model_reads(tmp_path):
    """A stream with nothing to read is nobody's; otherwise all blank ones would be one."""
    for name, content in (("1.png", b"one"), ("2.png", b"two")):
        (tmp_path / name).write_bytes(content)
    streams = {
        "both": ("t", "1.png"),
        "other text": ("u", "1.png"),
        "other image": ("t", "2.png"),
        "blank": (" ", None),
    }
    records = [
        {**GOOD, "stream": stream, "text": text, "image": image}
        for stream, (text, image) in streams.items()
    ]
    channel = read_channel(write(tmp_path, *records))
    texts, images = (channel.stream_fingerprints(kind) for kind in ("text", "image"))
    assert set(texts) == set(images) == {"both", "other text", "other image"}
    assert texts["both"] == texts["other image"] != texts["other text"]
    assert images["both"] == images["other text"] != images["other image"]
