import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from common.pages import word_numbers
from common.pages.word_numbers import LONGEST, WordNumbers, words_of

LETTERS = st.binary(min_size=1, max_size=20).map(lambda word: word.replace(b" ", b"_"))
PAGES = st.lists(st.lists(LETTERS, max_size=12).map(b"  ".join), min_size=1, max_size=5)


@given(PAGES)
def test_words_are_those_that_split_finds(pages):
    words = words_of(pages)
    split = [page.split(b" ") for page in pages]
    wanted = [[word for word in page if word] for page in split]
    assert words.lengths.tolist() == [len(page) for page in wanted]
    assert words.spelled(np.arange(len(words.begins))) == [w for page in wanted for w in page]


@given(st.lists(PAGES, max_size=3))
def test_a_word_has_one_number_and_no_other_word_has_it(batches):
    numbers, known = WordNumbers(), {}
    for pages in batches:
        words = words_of(pages)
        spelled = words.spelled(np.arange(len(words.begins)))
        told, new = numbers.number(words)
        assert sorted(new) == sorted(set(spelled) - set(known))
        known |= {word: len(known) + place for place, word in enumerate(new)}
        assert told.tolist() == [known[word] for word in spelled]
    assert len(numbers) == len(known)


def test_words_that_want_one_place_in_the_table_all_find_one(monkeypatch):
    """With a table this full most words are moved on, some of them around its end."""
    monkeypatch.setattr(word_numbers, "_BITS", 6)
    numbers, page = WordNumbers(), b" ".join(b"%d" % number for number in range(60))
    for start in (0, 30):
        words = words_of([b" ".join(page.split()[: start + 30])])
        told, _ = numbers.number(words)
        assert len(set(told.tolist())) == start + 30
    again, new = numbers.number(words_of([page]))
    assert again.tolist() == told.tolist()
    assert new == []


def test_words_are_told_apart_by_their_first_bytes_alone():
    alike, other = b"a" * LONGEST, b"b" + b"a" * LONGEST
    told, _ = WordNumbers().number(words_of([b" ".join([alike, alike + b"x", other])]))
    assert told[0] == told[1] != told[2]
