"""The linear classifier against scikit-learn's own prediction."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from common.models.linear_classifier import LinearClassifier, fit_linear_classifier


def examples(known, seed=1):
    rng = np.random.default_rng(seed)
    labels = rng.choice(known, 200, p=np.arange(1, len(known) + 1) / sum(range(len(known) + 1)))
    centres = rng.normal(size=(max(known) + 1, 5))
    rows = centres[labels] + rng.normal(size=(200, 5))
    return (rows * [1, 10, 0.1, 1, 1] + [0, 5, 0, -3, 0]).astype(np.float32), labels


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("known", [[1, 3], [0, 1, 2, 3], [0, 2, 3]])
def test_probabilities_are_scikit_learns(known, balanced):
    rows, labels = examples(known)
    found = fit_linear_classifier(rows, labels, 4, weakness=0.3, balanced=balanced)
    scaled = np.clip((rows - rows.mean(axis=0)) / rows.std(axis=0), -3, 3)
    weight = "balanced" if balanced else None
    theirs = LogisticRegression(C=0.3, class_weight=weight, max_iter=500).fit(scaled, labels)
    expected = np.zeros((len(rows), 4))
    expected[:, known] = theirs.predict_proba(scaled)
    if len(known) == 2:  # scikit-learn fits the difference of the two scores
        odds = np.diff(found.scores(rows)[:, known], axis=1)
        np.testing.assert_allclose(odds[:, 0], theirs.decision_function(scaled), atol=1e-3)
    np.testing.assert_allclose(found.probabilities(rows), expected, atol=1e-3)
    kept = LinearClassifier(**found.arrays())
    np.testing.assert_array_equal(kept.scores(rows), found.scores(rows))


def test_one_class_alone_is_always_the_answer():
    rows, _ = examples([0, 1])
    found = fit_linear_classifier(rows, np.full(len(rows), 2), 4, weakness=1, balanced=True)
    np.testing.assert_array_equal(found.probabilities(rows * 100), np.eye(4)[[2] * len(rows)])


def test_far_out_rows_are_believed_no_more_than_those_at_the_edge():
    rows, labels = examples([0, 1, 2])
    found = fit_linear_classifier(rows, labels, 3, weakness=1, balanced=False)
    out, further = (rows.mean(axis=0) + far * rows.std(axis=0) for far in (3.01, 1e6))
    both = np.stack([out, further]).astype(np.float32)
    np.testing.assert_allclose(*found.scores(both), atol=1e-5)
