from time import process_time

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
        ("Seite: 2 / 5", 2, 5),
        ("S. 2/5", 2, 5),
        ("Page 2 of 5", 2, 5),
        ("Página 2 de 5", 2, 5),
        ("Auszug 7 / Blatt 2 von 5", 2, 5),
        ("2 / 5", 2, 5),
        ("– 2 of 5 –", 2, 5),
        ("2 von 5", 2, 5),
        ("Musterbank AG, Musterstadt 2/5", 2, 5),
        ("Erstellt am: 14.12.2023 2 von 5", 2, 5),
        ("page: 2", 2, 0),
        ("Blatt 3", 3, 0),
        ("Seite - 2 -", 2, 0),
        ("Form 1040 (2020)    Page 2", 2, 0),
        ("Page 2 Acme Ltd., Terms of Business", 2, 0),
        ("Acme Ltd., Terms of BusinessPage 2", 2, 0),
        ("S. 7", 7, 0),
        ("p. 2", 2, 0),
        ("2 | Page", 2, 0),
        ("Page | 2", 2, 0),
        ("Page iv", 4, 0),
        ("Seite II", 2, 0),
        ("Page A-2", 2, 0),
        ("Fortsetzung auf Seite 3", 2, 0),
        ("(continued on page 3)", 2, 0),
    ],
)
def test_named_numbers_are_read_at_head_and_foot(line, number, total):
    expected = PageNumber(number, total, NAMED)
    assert read_page_number(BODY + line) == expected
    assert read_page_number(line + "\n" + BODY) == expected


@pytest.mark.parametrize(
    ("line", "number", "total"),
    [
        ("5eite 2 von 5", 2, 5),
        ("Scite 2 von 5", 2, 5),
        ("Pagc 2 of 5", 2, 5),
        ("Page l of 3", 1, 3),
        ("Seite I von 3", 1, 3),
        ("Seite 1O von 12", 10, 12),
        ("I/3", 1, 3),
        ("Paqe 2", 2, 0),
    ],
)
def test_named_numbers_are_read_through_slips_of_ocr(line, number, total):
    assert read_page_number(BODY + line) == PageNumber(number, total, NAMED)


@pytest.mark.parametrize("line", ["2", "- 2 -", "– 2 –", "[2]", "| 2", "2.", "A-2", "ii", "- ii -"])
def test_bare_numbers_are_read_from_the_foot(line):
    assert read_page_number(BODY + line) == PageNumber(2, 0, BARE)


@pytest.mark.parametrize("line", ["- 2 -", "– 2 –", "[2]", "(2)"])
def test_bare_numbers_are_read_from_the_head_where_they_are_decorated(line):
    assert read_page_number(line + "\n" + BODY) == PageNumber(2, 0, BARE)


@pytest.mark.parametrize(
    "line",
    [
        "15. Mai 2019 | Vortrag | M. Muster | 2",
        "A. Author (2022). Things that are open. Journal of Examples, 5(51), 1. 2",
    ],
)
def test_bare_numbers_are_read_from_the_end_of_a_running_line(line):
    assert read_page_number(BODY + line) == PageNumber(2, 0, BARE)
    assert read_page_number(BODY + line + "\nexample.org/10.123/456") == PageNumber(2, 0, BARE)


@pytest.mark.parametrize(
    "line",
    [
        "2021",
        "0",
        "Page 9 of 5",
        "Seite 0 von 5",
        "EUR 2,50",
        "31.12.2023",
        "12/2023",
        "Kontoauszug 01/23",
        "Filiale 30/06/24",
        "Schedule 2 (Form 1040) 2021",
        "USt-IdNr. der Musterbank Aktiengesellschaft: DE 811 623 326",
        "Telefon (0 69) 71 47 - 652",
        "Musterweg 12",
        "Notes to the line before . . . . . . . . . . . . 512",
        "as is said on page 7",
        "siehe Seite 3",
        "homepage 2",
        "2 pages",
        "x",
        "xxx",
        "Hilfe unter 0800 123",
    ],
)
def test_other_numbers_are_not_a_page_number(line):
    assert read_page_number(BODY + line) == UNKNOWN
    assert read_page_number(line + "\n" + BODY) == UNKNOWN


@pytest.mark.parametrize("text", ["", "\n\n", BODY, "a\n7\nb\nc", "7.\n" + BODY, "7\n" + BODY])
def test_most_pages_without_a_number_are_left_without(text):
    assert read_page_number(text) == UNKNOWN


def test_a_number_with_a_total_wins_over_one_without():
    assert read_page_number("Page 9\n" + BODY + "Page 2 of 5") == PageNumber(2, 5, NAMED)
    assert read_page_number(BODY + "Page 2 of 5\n" + BODY * 3 + "4") == PageNumber(2, 5, NAMED)
    assert read_page_number(BODY * 3 + "see page 2 of 5\n" + BODY * 3 + "4").number == 4


@pytest.mark.parametrize(
    "piece", ["page ", "page:- ", "1 ", "a 1\n", " ", "i", "| ", "1", "2 von "]
)
def test_five_megabytes_take_no_more_than_their_share(piece):
    text = piece * (5_000_000 // len(piece))
    began = process_time()
    read_page_number(text)
    assert process_time() - began < 10


def test_real_pages_print_the_number_that_is_read():
    """Judged by the page's place in its document, or by a neighbour that is as far from its own.

    Some of the sample's pages print none, and some that are counted as wrong do print what was
    read: exhibits numbered with the contract that they belong to, slides shown in steps.
    """
    pages = right = wrong = named_wrong = 0
    for part in ("train", "validation", "test"):
        channel = read_channel(SAMPLE / part, labelled=True)
        pages += len(channel)
        for document in channel.documents:
            found = [read_page_number(channel.pages[row].text) for row in document.rows]
            offsets = [one.number - place for place, one in enumerate(found) if one.strength]
            for place, one in enumerate(found):
                if one.strength:
                    good = one.number == place + 1 or offsets.count(one.number - place) > 1
                    right += good
                    wrong += not good
                    named_wrong += not good and one.strength == NAMED
    assert right >= 0.5 * pages
    assert wrong <= 0.06 * (right + wrong)
    assert named_wrong <= 1
