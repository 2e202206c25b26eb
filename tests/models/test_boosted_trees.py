import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from common.models.boosted_trees import grow_boosted_trees, load_boosted_trees


def rows_and_answers(seed, rows=400, dtype=np.float32):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 6)).astype(dtype)
    features[:, 0] = features[:, 0] > 0  # flags and ties, as pairs of pages have them
    features[:, 1] = features[:, 1].round()
    wanted = features[:, 0] * features[:, 1] + features[:, 2] + rng.normal(0, 0.5, rows)
    return features, wanted > 0


@pytest.mark.parametrize("seed", range(5))
def test_it_says_exactly_what_scikit_learn_says(seed, monkeypatch):
    grown = []
    fit = HistGradientBoostingClassifier.fit
    monkeypatch.setattr(
        HistGradientBoostingClassifier, "fit", lambda self, *a: grown.append(self) or fit(self, *a)
    )
    features, answers = rows_and_answers(seed)
    trees = grow_boosted_trees(features, answers, trees=30, leaves=8, seed=seed)
    unseen, _ = rows_and_answers(seed + 100, rows=1000)
    expected = grown[0].decision_function(unseen)
    np.testing.assert_allclose(trees.logits(unseen), expected, atol=1e-12)
    on_threshold = np.tile(trees.trees.threshold[trees.trees.feature > 0][:6], (6, 1))
    np.testing.assert_allclose(
        trees.logits(on_threshold), grown[0].decision_function(on_threshold), atol=1e-12
    )


def test_what_was_kept_says_the_same(tmp_path):
    features, answers = rows_and_answers(1)
    trees = grow_boosted_trees(features, answers, trees=10, leaves=4, seed=1)
    np.savez(tmp_path / "trees.npz", **trees.arrays())
    with np.load(tmp_path / "trees.npz", allow_pickle=False) as arrays:
        loaded = load_boosted_trees(dict(arrays))
    np.testing.assert_array_equal(loaded.logits(features), trees.logits(features))


def test_a_few_rows_are_enough():
    features, answers = rows_and_answers(2, rows=8)
    trees = grow_boosted_trees(features, answers, trees=5, leaves=4, seed=1)
    assert np.isfinite(trees.logits(features)).all()
