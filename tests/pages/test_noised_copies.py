from difflib import SequenceMatcher

import numpy as np
import pytest

from common.pages import noised_copies
from common.pages.noised_copies import with_noised_copies

TEXTS = [f"Rechnung Nummer {name} über zehn Euro, zahlbar in {name} Tagen" for name in "abcdefgh"]


def test_without_noise_pages_are_read_as_they_are():
    found = with_noised_copies(TEXTS, 0, seed=1)
    assert found.texts == TEXTS
    assert found.choose(np.random.default_rng(1)).tolist() == list(range(len(TEXTS)))


@pytest.mark.parametrize(("most", "copies"), [(5000, 8), (4, 4)])
def test_an_epoch_reads_each_page_or_its_noised_copy(monkeypatch, most, copies):
    monkeypatch.setattr(noised_copies, "NOISED", most)
    found = with_noised_copies(TEXTS, 0.3, seed=1)
    assert len(found.texts) == len(TEXTS) + copies
    read = set()
    for epoch in range(20):
        places = found.choose(np.random.default_rng(epoch))
        assert found.page_of(places).tolist() == list(range(len(TEXTS)))
        read |= set(places.tolist())
    assert read == set(range(len(found.texts)))  # in the long run all, clean and noised
    pairs = [(TEXTS[p], c) for p, c in zip(found.copied, found.texts[len(TEXTS) :], strict=True)]
    assert sum(copy != page for page, copy in pairs) > copies / 2
    assert all(SequenceMatcher(None, page, copy).ratio() > 0.4 for page, copy in pairs)


def test_copies_are_a_function_of_the_seed():
    one, again, other = (with_noised_copies(TEXTS, 0.3, seed).texts for seed in (1, 1, 2))
    assert one == again != other
