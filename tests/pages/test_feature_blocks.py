from difflib import SequenceMatcher

import numpy as np
import pytest

from common.pages import feature_blocks as blocks_module
from common.pages.feature_blocks import feature_blocks
from common.pages.ngrams import count_matrix

TEXTS = [f"Rechnung Nummer {name} über zehn Euro" for name in "abcdefghijk"]


@pytest.fixture(params=[4, 100])
def block(request, monkeypatch):
    """Several blocks, the last one short, and one that holds all."""
    monkeypatch.setattr(blocks_module, "BLOCK", request.param)


@pytest.mark.parametrize("seed", [None, 3])
def test_every_page_is_in_one_block_with_its_features(block, seed):
    expected = count_matrix(TEXTS).toarray()
    with feature_blocks(TEXTS, count_matrix, seed=seed) as blocks:
        read = [blocks.read(number) for number in (*range(len(blocks)), 0)]
    rows = np.concatenate([part.rows for part in read[:-1]])
    assert sorted(rows) == list(range(len(TEXTS)))
    assert (rows.tolist() == sorted(rows)) == (seed is None)
    for part in read:
        np.testing.assert_array_equal(part.features.toarray(), expected[part.rows])
        np.testing.assert_array_equal(part.copy, np.arange(len(part.rows)))


def test_copies_are_the_same_pages_with_noise(block, monkeypatch):
    monkeypatch.setattr(blocks_module, "NOISED", 6)
    seen = []

    def remember(texts):
        seen.append(list(texts))
        return count_matrix(seen[-1])

    with feature_blocks(TEXTS, remember, seed=1, noise=0.5) as blocks:
        read = [blocks.read(number) for number in range(len(blocks))]
    assert sum((part.copy >= len(part.rows)).sum() for part in read) == pytest.approx(6, abs=1)
    changed = 0
    for part, clean, noised in zip(read, seen[::2], seen[1::2], strict=True):
        for at in np.flatnonzero(part.copy >= len(part.rows)):
            copy = noised[part.copy[at] - len(part.rows)]
            assert clean[at] == TEXTS[part.rows[at]]
            assert SequenceMatcher(None, copy, clean[at]).ratio() > 0.4
            changed += copy != clean[at]
        np.testing.assert_array_equal(
            part.features.toarray(), count_matrix([*clean, *noised]).toarray()
        )
    assert changed > 2


def test_nothing_stays_on_disk(block, monkeypatch, tmp_path):
    monkeypatch.setattr(blocks_module.tempfile, "tempdir", str(tmp_path))
    with feature_blocks(TEXTS, count_matrix) as blocks:
        assert any(tmp_path.rglob("*.npz")) == (len(blocks) > 1)
    assert not any(tmp_path.iterdir())
