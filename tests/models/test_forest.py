import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from common.models.forest import grow_forest, load_forest


def rows_and_labels(seed, rows=300):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 5)).astype(np.float32)
    features[:, 0] = features[:, 0].round()
    return features, 2 * (features[:, 1] + features[:, 2] > 0).astype(int) + (features[:, 0] > 0)


@pytest.mark.parametrize("seed", range(3))
def test_it_says_what_scikit_learn_says(seed, monkeypatch):
    grown = []
    fit = ExtraTreesClassifier.fit
    monkeypatch.setattr(
        ExtraTreesClassifier, "fit", lambda self, *a: grown.append(self) or fit(self, *a)
    )
    features, labels = rows_and_labels(seed)
    forest = grow_forest(features, labels, 4, trees=20, smallest_leaf=2, share=0.3, seed=seed)
    unseen, _ = rows_and_labels(seed + 100, rows=1000)
    expected = grown[0].predict_proba(unseen)
    np.testing.assert_allclose(forest.probabilities(unseen), expected, atol=1e-6)
    kept = load_forest(forest.arrays())
    np.testing.assert_array_equal(kept.probabilities(unseen), forest.probabilities(unseen))


def test_a_class_without_rows_has_no_probability():
    features, labels = rows_and_labels(1)
    some = labels != 2
    forest = grow_forest(
        features[some], labels[some], 4, trees=5, smallest_leaf=1, share=0.3, seed=1
    )
    found = forest.probabilities(features)
    assert not found[:, 2].any()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
