import pytest
from tests.sample import SAMPLE

from common.pages.channel import read_channel
from common.pages.page_numbers import BARE, NAMED, UNKNOWN, PageNumber, read_page_number

BODY = "The parties agree\nas follows\nin 12 parts\nand 3 annexes\n"


@pytest.mark.parametrize(
    ("line", "number", "total"),
    [
        ("Seite 2 von 5", 2, 5),
        ("SEITE 2/5", 2, 5),
        ("Page 2 of 5", 2, 5),
        ("page: 2", 2, 0),
        ("Blatt 3", 3, 0),
        ("Form 1040 (2020)    Page 2", 2, 0),
        ("S. 7", 7, 0),
        ("2 / 5", 2, 5),
        ("– 2 of 5 –", 2, 5),
    ],
)
def test_named_numbers_are_read_at_head_and_foot(line, number, total):
    expected = PageNumber(number, total, NAMED)
    assert read_page_number(BODY + line) == expected
    assert read_page_number(line + "\n" + BODY) == expected


@pytest.mark.parametrize("line", ["2", "- 2 -", "– 2 –", "[2]", "| 2"])
def test_bare_numbers_are_read_from_the_outermost_lines(line):
    assert read_page_number(BODY + line) == PageNumber(2, 0, BARE)
    assert read_page_number(line + "\n" + BODY) == PageNumber(2, 0, BARE)


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", BODY, "2021", BODY + "0", BODY + "Page 9 of 5", "a\n7\nb\nc", "EUR 2,50"],
)
def test_other_numbers_are_not_a_page_number(text):
    assert read_page_number(text) == UNKNOWN


def test_a_number_with_a_total_wins_over_one_without():
    assert read_page_number("Page 9\n" + BODY + "Page 2 of 5") == PageNumber(2, 5, NAMED)
    assert read_page_number(BODY + "see page 2 of 5\n" + BODY * 3 + "4") == PageNumber(2, 5, NAMED)


def test_real_pages_that_print_a_named_number_print_their_own():
    """In the sample, a named number is the page's place in its document 19 times out of 20."""
    right = wrong = 0
    for part in ("train", "validation", "test"):
        channel = read_channel(SAMPLE / part, labelled=True)
        for document in channel.documents:
            for place, row in enumerate(document.rows, start=1):
                found = read_page_number(channel.pages[row].text)
                if found.strength == NAMED:
                    right += found.number == place
                    wrong += found.number != place
    assert right >= 40
    assert wrong <= right / 20
