from itertools import product

import numpy as np
import pytest
from tests.sample import SAMPLE

from common.pages.channel import read_channel
from common.pages.ngrams import count_matrix, counts_and_words
from common.pages.text_descriptor import FORM, RARE, describe_texts, inverse_document_frequency


def describe(*texts):
    return describe_texts(texts, inverse_document_frequency(count_matrix(texts)))


def test_running_numbers_do_not_change_head_and_foot():
    found = describe("ACME Bank\nhello\nPage 1 of 12", "acme  bank\nother\nPage 2 of 12")
    assert found["head"][0, 0] == found["head"][1, 0] != 0
    assert found["foot"][0, 0] == found["foot"][1, 0] != 0
    assert found["head"][0, 1] != found["head"][1, 1]


def test_a_page_without_text_has_neither_lines_nor_number():
    found = describe("", "a")
    assert not found["head"][0].any()
    assert not found["number"][0].any()
    assert not found["projection"][0].any()


def test_projections_keep_the_cosines_of_tf_idf_vectors():
    texts = [page.text for page in read_channel(SAMPLE / "train").pages]
    counts = count_matrix(texts)
    idf = inverse_document_frequency(counts)
    counts.data = np.log1p(counts.data) * idf[counts.indices]
    exact = counts.toarray()
    exact /= np.maximum(np.linalg.norm(exact, axis=1, keepdims=True), 1e-9)
    projected = describe_texts(texts, idf)["projection"].astype(np.float32)
    error = projected @ projected.T - exact @ exact.T
    assert np.abs(error).mean() < 1 / np.sqrt(256)
    assert abs(error.mean()) < 0.01


def test_rare_words_are_the_lowest_of_those_that_few_pages_have():
    """One by one: a page's own words, what stands on more than one page in 64 left out."""
    texts = [page.text for page in read_channel(SAMPLE / "train").pages]
    texts.append(" ".join(map("".join, product("jkqvwxyz", repeat=3))))
    counts = count_matrix(texts)
    on_pages = np.bincount(counts.indices, minlength=counts.shape[1])
    found = describe_texts([*texts, ""], inverse_document_frequency(counts))["rare"]
    assert found.shape == (len(texts) + 1, RARE)
    for row, page in enumerate([*counts_and_words(texts)[1], counts[:0]]):
        # (1 + n) / (1 + df) > 64, of n pages
        own = [b for b in sorted(page.indices) if (1 + on_pages[b]) * 64 < 1 + len(texts)]
        lowest = own[:RARE]
        assert found[row].tolist() == lowest + [-1] * (RARE - len(lowest))
    assert (found[-2] >= 0).all()  # the made-up words are more than are kept
    assert (found[:-2] >= 0).any(axis=1).sum() > 100


def test_idf_is_that_of_scikit_learn():
    from sklearn.feature_extraction.text import TfidfTransformer

    counts = count_matrix(["ein vertrag", "ein konto", "x"])
    expected = TfidfTransformer().fit(counts).idf_
    np.testing.assert_allclose(inverse_document_frequency(counts), expected, rtol=1e-6)


def test_form_is_what_a_plain_count_says():
    text = "Sehr geehrte Frau Öztürk,\n\n12 €, ÄÖ ß ² Ⅳ\nhochachtungsvolle GRÜẞE"
    form = dict(zip(FORM, describe(text)["form"][0].tolist(), strict=True))
    letters = sum(char.isalpha() for char in text)
    expected = {
        "log_characters": np.log1p(len(text)),
        "log_lines": np.log1p(3),
        "digit_share": sum(char.isdigit() for char in text) / len(text),
        "capital_share": sum(char.isupper() for char in text) / letters,
        "first_line_capitals": 3 / len("Sehr geehrte Frau Öztürk,"),
        "has_salutation": 1,
        "has_closing": 0,
    }
    assert {name: form[name] for name in expected} == pytest.approx(expected, rel=1e-3)
