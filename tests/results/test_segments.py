import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.results.streams import documents_of, make_channel

from common.results.segments import (
    Segment,
    cut,
    segment_of_pages,
    segments_from_starts,
    true_segments,
)


def test_true_segments_number_documents_within_each_stream():
    channel = make_channel({"a": [("letter", 2), ("invoice", 1)], "b": [("letter", 3)]})
    assert true_segments(channel) == [
        Segment("a", 1, 1, 2, "letter"),
        Segment("a", 2, 3, 3, "invoice"),
        Segment("b", 1, 1, 3, "letter"),
    ]


def test_neighbours_of_one_class_stay_two_documents():
    channel = make_channel({"a": [("letter", 1), ("letter", 2)]})
    assert [segment.last_page for segment in true_segments(channel)] == [1, 3]


def test_a_stream_starts_a_segment_whatever_its_first_page_says():
    keys = [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert cut(keys, [False] * 4) == [range(2), range(2, 4)]


@given(st.data())
def test_segments_and_pages_are_the_same_knowledge(data):
    lengths = data.draw(st.lists(st.integers(1, 8), min_size=1, max_size=4))
    streams = {f"s{row}": data.draw(documents_of(pages)) for row, pages in enumerate(lengths)}
    channel = make_channel(streams)
    segments = true_segments(channel)

    position = segment_of_pages(channel.keys, segments)
    labels = [segments[row].label for row in position]
    starts = np.append(True, np.diff(position) != 0)

    assert labels == channel.labels
    assert segments_from_starts(channel.keys, starts, labels) == segments
    spans = {stream: [] for stream in streams}
    for segment in segments:
        spans[segment.stream].append((segment.label, segment.last_page - segment.first_page + 1))
    assert spans == streams


def test_pages_are_found_whatever_their_order_and_gaps():
    keys = [("b", 1), ("a", 7), ("a", 2), ("a", 4)]
    segments = [Segment("a", 1, 1, 4, "x"), Segment("a", 2, 5, 9, "x"), Segment("b", 1, 1, 1, "x")]
    assert segment_of_pages(keys, segments).tolist() == [2, 1, 0, 0]


@pytest.mark.parametrize(
    ("segments", "complaint"),
    [
        ([Segment("a", 1, 1, 2, "x")], "page 3 of stream 'a' lies in no segment"),
        (
            [Segment("a", 1, 1, 2, "x"), Segment("a", 2, 2, 3, "x")],
            r"document 2 \(pages 2–3\): page 2 lies in two segments",
        ),
        (
            [Segment("a", 1, 1, 3, "x"), Segment("a", 2, 4, 10**12, "x")],
            "document 2 .* holds none of the pages",
        ),
        ([Segment("a", 1, 1, 3, "x"), Segment("b", 1, 1, 1, "x")], "'b'.* none of the pages"),
    ],
)
def test_segments_must_cover_every_page_once(segments, complaint):
    with pytest.raises(ValueError, match=complaint):
        segment_of_pages([("a", 1), ("a", 2), ("a", 3)], segments)


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_a_confidence_is_a_probability(confidence):
    with pytest.raises(ValidationError, match="must be a probability in the range"):
        Segment("a", 1, 1, 1, "x", confidence)


def test_rounding_of_single_precision_is_forgiven():
    assert Segment("a", 1, 1, 1, "x", np.float32(1) + np.float32(2e-7)).confidence == 1.0


def test_a_segment_does_not_end_before_it_starts():
    with pytest.raises(ValidationError, match=r"before first_page 3\. Got 2 instead"):
        Segment("a", 1, 3, 2, "x")
