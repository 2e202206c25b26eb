from common.results.segments import Segment
from common.results.summary import segment_table


def test_columns_line_up_and_one_page_is_no_range():
    table = segment_table(
        [
            Segment("a", 1, 1, 4, "contract", 0.9931),
            Segment("a", 2, 5, 5, "nda", 0.4, status="review", reasons=("this", "that")),
        ]
    )
    header, first, second = table.splitlines()
    assert first.split() == ["a", "1–4", "contract", "0.993", "accepted"]
    assert second.endswith("0.400       review    this; that")
    assert {
        line.index(word) for line, word in ((header, "pages"), (first, "1"), (second, "5"))
    } == {header.index("pages")}
