import json
import string

import pytest
from tests.sample import SAMPLE

from common.documents.text_layer import is_readable, letters_of

CHANNELS = ("train", "validation", "test")
TEXTS = [
    json.loads(line)["text"]
    for name in CHANNELS
    for line in (SAMPLE / name / "pages.jsonl").read_text().splitlines()
]
LONG = [text for text in TEXTS if letters_of(text) > 300]


def shifted(text, by):
    lower, upper = string.ascii_lowercase, string.ascii_uppercase
    turned = lower[by:] + lower[:by] + upper[by:] + upper[:by]
    return text.translate(str.maketrans(lower + upper, turned))


def test_what_real_pages_say_is_readable():
    refused = [text[:80] for text in TEXTS if text.strip() and not is_readable(text)]
    assert refused == []


@pytest.mark.parametrize("by", [1, 3, 20])
def test_letters_that_stand_for_others_are_not(by):
    missed = sum(is_readable(shifted(text, by)) for text in LONG)
    assert missed <= 0.01 * len(LONG)


@pytest.mark.parametrize(
    "noise",
    [
        "",
        " \n\t ",
        "\ufffd\ufffd\ufffd Vertrag \ufffd\ufffd",
        "\ue001\ue002\ue003\ue004 \ue005\ue006",
        "(cid:12)(cid:7)(cid:31) (cid:4)",
        "\x01\x02\x03\x04 \x05",
    ],
)
def test_characters_that_stand_for_nothing_are_not(noise):
    assert not is_readable(noise)


@pytest.mark.parametrize(
    "text",
    [
        "Договор купли-продажи между продавцом и покупателем " * 5,
        "Συμβόλαιο αγοραπωλησίας μεταξύ πωλητή και αγοραστή " * 5,
        "1.234,56 € 7.890,12 € 3.456,78 € 12.12.2020 " * 5,
        "Vertrag",
    ],
)
def test_what_cannot_be_judged_by_its_letters_is_taken_as_it_is(text):
    assert is_readable(text)
