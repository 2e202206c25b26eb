from collections import Counter
from itertools import pairwise
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.pages import text
from common.pages.text import BUCKETS, ZONE, count_matrix, normalise

SOME = ["ein", "vertrag", "über", "12", "ab", "x"]
WORDS = st.lists(st.sampled_from(SOME), max_size=40).map(" ".join)


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("Straße, 12!", "straße 00"),
        ("u\u0308ber", "über"),  # a composed umlaut equals a decomposed one
        ("ﬁnal\tOFFER\n", "final offer"),
        ("\x00\uffff§", ""),
        ("Be\u017fitz", "besitz"),  # long s
        ("GRÖẞE", "größe"),
        ("Ver-\ntrag, VER- \r\nTRAG", "vertrag vertrag"),
        ("Ver\u00adtrag Ver\u00ad\ntrag", "vertrag vertrag"),
        ("Soll- und Haben-Zins -\nb 7-\n8", "soll und haben zins b 0 0"),
        ("snake_case", "snake case"),
        ("am 31.12.2020, 1.2.21, 12/31/2020, 2020-12-31", "am 0date 0date 0date 0date"),
        ("IBAN DE12 3456 7890 1234 5678 90 BIC", "iban de 0iban bic"),
        ("AT12" + "3456" * 4, "at 0iban"),
        ("EUR 1.234,56 USD 1,234.50 5,00- 1 234,00", "eur 0sum usd 0sum 0sum 0sum"),
        ("12,5 % und 3%", "0percent und 0percent"),
        ("§ 12 Abs. 3, 12.5.1, 100 2020 1,5", "00 abs 0 00 0 0 000 0000 0 0"),
    ],
)
def test_normalise(raw, normal):
    assert normalise(raw).decode() == normal


@pytest.mark.parametrize(
    "piece", ["0", "000 ", "0.0.", "a-\n", "de00 0000 ", "-\n", " ", "_ ", "00,"]
)
def test_five_megabytes_take_no_more_than_their_share(piece):
    began = process_time()
    normalise(piece * (5_000_000 // len(piece)))
    assert process_time() - began < 20


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
    monkeypatch.setattr(text, "_CHUNK", 100)
    assert (count_matrix(pages) != whole).nnz == 0


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
