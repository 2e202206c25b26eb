from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.pages import ngrams
from common.pages.ngrams import BUCKETS, LONGEST, ZONE, count_matrix, counts_and_words, spelled
from common.pages.text import normalise

SOME = ["ein", "vertrag", "über", "12", "ab", "x"]
WORDS = st.lists(st.sampled_from(SOME), max_size=40).map(" ".join)


def named_ngrams(page: str) -> list[tuple]:
    """The n-grams of a page one by one, as plainly as they can be written down."""
    words = normalise(page).decode().split()
    found = [("word", word) for word in words]
    found += [("pair", *pair) for pair in pairwise(words)]
    found += [("head", word) for word in words[:ZONE]] + [("foot", w) for w in words[-ZONE:]]
    for word in words:
        spaced = f" {word} ".encode()
        for size in (3, 4, 5):
            found += [(size, spaced[i : i + size]) for i in range(len(spaced) - size + 1)]
    return found


@settings(max_examples=50)
@given(st.lists(WORDS, max_size=4))
def test_as_many_of_each_ngram_as_a_plain_count_finds(pages):
    """Equal n-grams share a bucket and others, but for rare collisions, do not."""
    counts = count_matrix(pages)
    for row, page in enumerate(pages):
        plain = Counter(named_ngrams(page))
        assert counts[row].sum() == sum(plain.values())
        assert sorted(counts[row].data) == sorted(plain.values())


def test_an_ngram_has_the_same_bucket_on_every_page():
    one, other = count_matrix(["vertrag", "ein vertrag"]).toarray()
    assert (other[one > 0] >= 1).all()


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_a_page_does_not_depend_on_the_pages_beside_it(pages):
    together = count_matrix(pages)
    alone = [count_matrix([page]) for page in pages]
    assert all((together[row] != one).nnz == 0 for row, one in enumerate(alone))


def test_chunks_do_not_show(monkeypatch):
    pages = ["ein langer vertrag " * 20, "", "x", "noch einer " * 30]
    whole = count_matrix(pages)
    monkeypatch.setattr(ngrams, "_CHUNK", 100)
    assert (count_matrix(pages) != whole).nnz == 0


def test_it_does_not_matter_how_many_words_are_remembered(monkeypatch):
    pages = ["ein langer vertrag " * 20, "noch einer über geld", "ein vertrag über geld"]
    whole = count_matrix(pages)
    for name in ("_CHUNK", "_REMEMBERED", "_HASHED"):
        monkeypatch.setattr(ngrams, name, 2)
    assert (count_matrix(pages) != whole).nnz == 0


def test_of_a_word_without_end_the_beginning_counts():
    long = "ab" * 5000
    assert (count_matrix([long]) != count_matrix([long[:LONGEST]])).nnz == 0
    assert (count_matrix([long]) != count_matrix([long[: LONGEST - 1]])).nnz


def test_selected_buckets_are_columns_of_the_full_matrix():
    pages = ["ein vertrag über 100 euro", "kontoauszug"]
    full = count_matrix(pages)
    selected = np.unique(full.indices)[::3].astype(np.uint32)
    assert (count_matrix(pages, selected) != full[:, selected]).nnz == 0


@pytest.mark.parametrize("pages", [[], [""], ["", "\n \n"], ["\u202e\x00\x01"]])
def test_pages_without_words_have_no_features(pages):
    counts = count_matrix(pages)
    assert counts.shape == (len(pages), BUCKETS)
    assert counts.nnz == 0


@given(WORDS)
def test_every_ngram_has_a_name(page):
    names = ngrams.spelled(page)
    assert set(names) == set(count_matrix([page]).indices.tolist())
    if "vertrag" in page.split():
        assert {"vertrag", "vert…", "…ag"} <= set(names.values())
    if words := normalise(page).decode().split():
        assert {f"{words[0]} (head)", f"{words[-1]} (foot)"} <= set(names.values())


def test_a_name_is_that_of_its_ngram():
    pair, alone = ngrams.spelled("ein vertrag"), ngrams.spelled("vertrag")
    counts = count_matrix(["vertrag", "ein vertrag"]).toarray()
    assert "ein vertrag" in pair.values()
    for bucket in np.flatnonzero((counts[0] > 0) & (counts[1] > 0)):
        assert pair[bucket].removesuffix(" (head)") == alone[bucket].removesuffix(" (head)")


@given(st.lists(st.text(max_size=40), max_size=5))
def test_words_by_themselves_are_in_their_own_buckets(pages):
    """One by one, by the name that each bucket has; beyond its limit nothing counts."""
    more = ["word word", LONGEST * "x" + "y", LONGEST * "x" + "z"]
    counts, words = counts_and_words([*pages, *more])
    assert (counts != count_matrix([*pages, *more])).nnz == 0
    found = words.toarray()
    for text, row in zip(pages, found, strict=False):
        expected = Counter(_bucket_of(word) for word in normalise(text).split())
        assert {bucket: row[bucket] for bucket in np.flatnonzero(row)} == expected
    assert found[-3].max() == 2
    np.testing.assert_array_equal(found[-2], found[-1])


def _bucket_of(word):
    """By what a page that consists of the word has: its own bucket comes first."""
    return next(iter(spelled(word.decode("utf-8", "replace"))))
