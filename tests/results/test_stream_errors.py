from tests.results.streams import make_channel, make_predictions

from common.pages.channel import Channel
from common.results.filmstrip import film_strips
from common.results.segments import true_segments


def strip_of(truth, prediction):
    channel = make_channel({"a": truth})
    segments = make_predictions({"a": prediction}).segments
    (strip,) = film_strips(channel, true_segments(channel), segments, {"a": len(channel)})
    return strip


def shape(bars):
    return [(bar.segment.label, bar.column, bar.span, bar.begins, bar.ends) for bar in bars]


def test_errors_are_told_in_page_order():
    strip = strip_of(
        [("letter", 2), ("invoice", 3), ("letter", 1)],
        [("letter", 3), ("invoice", 1), ("memo", 2)],
    )
    assert strip.errors == [
        "page 3: missed the split between letter and invoice",
        "page 3: letter instead of invoice",
        "page 4: extra split inside one invoice",
        "page 5: extra split inside one invoice",
        "page 5: memo instead of invoice",
        "page 6: missed the split between invoice and letter",
        "page 6: memo instead of letter",
    ]


def test_a_wrong_label_is_told_once_for_all_its_pages():
    assert strip_of([("letter", 3)], [("memo", 3)]).errors == ["pages 1–3: memo instead of letter"]


def test_a_right_answer_has_no_errors():
    strip = strip_of([("letter", 3)], [("letter", 3)])
    assert strip.errors == []
    assert not any(f.missed_split or f.extra_split for f in strip.rows[0].frames)


def test_bars_are_cut_at_the_end_of_a_row_and_say_whether_they_go_on():
    strip = strip_of([("letter", 10), ("invoice", 16)], [("letter", 26)])
    assert [len(row.frames) for row in strip.rows] == [12, 12, 2]
    assert [shape(row.true_bars) for row in strip.rows] == [
        [("letter", 1, 10, True, True), ("invoice", 11, 2, True, False)],
        [("invoice", 1, 12, False, False)],
        [("invoice", 1, 2, False, True)],
    ]


def test_the_wrong_part_of_a_predicted_segment_has_a_bar_of_its_own():
    (row,) = strip_of([("letter", 2), ("invoice", 1)], [("letter", 3)]).rows
    assert [(bar.column, bar.span, bar.instead_of) for bar in row.predicted_bars] == [
        (1, 2, None),
        (3, 1, "invoice"),
    ]
    assert [frame.missed_split for frame in row.frames] == [False, False, True]


def test_only_the_streams_that_are_asked_for_are_drawn():
    channel: Channel = make_channel({"a": [("x", 1)], "b": [("x", 1)], "c": [("x", 1)]})
    truth = true_segments(channel)
    drawn = film_strips(channel, truth, truth, {"a": 1, "c": 1})
    assert [strip.stream for strip in drawn] == ["a", "c"]


def test_a_strip_may_end_before_its_stream():
    channel: Channel = make_channel({"a": [("x", 20)]})
    truth = true_segments(channel)
    (strip,) = film_strips(channel, truth, truth, {"a": 13})
    assert (strip.pages, strip.drawn) == (20, 13)
    assert [len(row.frames) for row in strip.rows] == [12, 1]
    assert shape(strip.rows[1].true_bars) == [("x", 1, 1, False, False)]
