import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
from tests.results.streams import comparisons, make_comparison

from common.results.page_metrics import (
    class_scores,
    page_accuracy,
    page_confusion,
    page_macro_f1,
)


def once(metric, comparison):
    """The metric's value on every stream once."""
    return metric(comparison)(np.ones((1, len(comparison.streams))))[0]


@given(comparisons())
def test_figures_are_those_of_scikit_learn(comparison):
    truth = comparison.each("true_page_label")
    guess = comparison.each("predicted_page_label")
    assert once(page_accuracy, comparison) == pytest.approx(accuracy_score(truth, guess))
    macro = f1_score(truth, guess, average="macro")
    assert once(page_macro_f1, comparison) == pytest.approx(macro)
    if len(comparison.labels) > 1:  # scikit-learn warns about a single class
        expected = confusion_matrix(truth, guess)
        assert page_confusion(comparison).tolist() == expected.tolist()


def test_an_invented_class_and_an_unknown_one_both_count_with_zero():
    # Truth: letter letter memo; guess: letter letter invoice.
    # F1: letter 1, memo 0, invoice 0; mean 1/3. Leaving out either would give 1/2.
    comparison = make_comparison(
        {"a": [("letter", 2), ("memo", 1)]}, {"a": [("letter", 2), ("invoice", 1)]}
    )
    assert once(page_macro_f1, comparison) == pytest.approx(1 / 3)


def test_classes_that_a_draw_lacks_do_not_count():
    # Drawing stream a alone leaves one class, all right; invoice must not pull the mean down.
    comparison = make_comparison(
        {"a": [("letter", 2)], "b": [("invoice", 1)]}, {"a": [("letter", 2)], "b": [("letter", 1)]}
    )
    assert page_macro_f1(comparison)(np.array([[2.0, 0.0]])).tolist() == [1.0]


def test_class_scores_by_hand():
    # True:      invoice invoice invoice letter; predicted: invoice invoice letter letter.
    # invoice: precision 2/2, recall 2/3, F1 4/5; letter: precision 1/2, recall 1/1, F1 2/3.
    comparison = make_comparison(
        {"a": [("invoice", 3), ("letter", 1)]}, {"a": [("invoice", 2), ("letter", 2)]}
    )
    invoice, letter = class_scores(comparison)
    assert (invoice.label, invoice.pages, invoice.predicted) == ("invoice", 3, 2)
    assert (invoice.precision, invoice.recall, invoice.f1) == pytest.approx((1, 2 / 3, 4 / 5))
    assert (letter.label, letter.pages, letter.predicted) == ("letter", 1, 2)
    assert (letter.precision, letter.recall, letter.f1) == pytest.approx((1 / 2, 1, 2 / 3))
