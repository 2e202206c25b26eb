import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from common.pages.duplicates import _bucket_pairs, near_duplicate_clusters

ARTICLE = "the quick brown fox jumps over the lazy dog near the old river bank " * 2
WORDS = [*ARTICLE.split(), "cat", "house", "green", "paper", "ink", "money", "loan", "rate"]


def shingles(text):
    words = text.split()
    return {tuple(words[i : i + 5]) for i in range(max(1, len(words) - 4))}


def jaccard(left, right):
    return len(left & right) / len(left | right)


def varied(rng, words, share):
    return " ".join(str(rng.choice(WORDS)) if rng.random() < share else word for word in words)


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_pairs_above_the_threshold_are_together_and_strangers_are_not(seed):
    """Against all pairs: no cluster without a chain of near-duplicates, hardly one missed."""
    rng = np.random.default_rng(seed)
    originals = [[str(word) for word in rng.choice(WORDS, 60)] for _ in range(6)]
    texts = [varied(rng, words, share) for words in originals for share in (0, 0.02, 0.5)]
    clusters = near_duplicate_clusters(texts)
    sets = [shingles(text) for text in texts]
    pairs = list(itertools.combinations(range(len(texts)), 2))
    close = {pair for pair in pairs if jaccard(sets[pair[0]], sets[pair[1]]) >= 0.5}
    sure = {pair for pair in close if jaccard(sets[pair[0]], sets[pair[1]]) >= 0.8}
    together = {pair for pair in pairs if clusters[pair[0]] == clusters[pair[1]]}
    assert sure <= together
    if not close:
        assert not together


def test_numbers_do_not_make_a_difference():
    clusters = near_duplicate_clusters([ARTICLE + "in 1999", ARTICLE + "in 2023", "else " * 20])
    assert clusters[0] == clusters[1] != clusters[2]


def test_documents_without_text_are_nobodys_duplicate():
    assert len(set(near_duplicate_clusters(["", "", ARTICLE]))) == 3


@given(st.lists(st.integers(0, 3), max_size=60))
def test_small_buckets_give_all_pairs_and_large_ones_neighbours(values):
    """Against grouping one by one; the rows of a band differ in one place or in another."""
    band = np.array([[1, value // 2, 7, value % 2] for value in values], dtype=np.uint32)
    band = band.reshape(-1, 4)
    expected = set()
    for value in set(values):
        members = [row for row, other in enumerate(values) if other == value]
        all_pairs = itertools.combinations(members, 2)
        expected |= set(all_pairs if len(members) <= 16 else itertools.pairwise(members))
    found = [divmod(int(pair), len(values)) for pair in _bucket_pairs(band)]
    assert sorted(found) == sorted(expected)


def test_a_template_filled_many_times_is_one_cluster_whatever_lies_between():
    others = [f"{word} " * 3 + f"alone{word}" for word in ("a", "b", "c")]
    filled = [f"{ARTICLE} number {word}" for word in WORDS]
    clusters = near_duplicate_clusters([*filled[:20], *others, *filled[20:]])
    assert len(set(clusters[:20]) | set(clusters[23:])) == 1
    assert len(set(clusters)) == 4
