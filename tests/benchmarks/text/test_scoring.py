import random

import pytest
from benchmarks.text.scoring import accuracy, macro_f1
from sklearn.metrics import accuracy_score, f1_score


@pytest.mark.parametrize("seed", range(5))
def test_the_scores_are_those_of_scikit_learn(seed):
    chance = random.Random(seed)
    truth = chance.choices("aabcd", k=60)
    told = [label if chance.random() < 0.6 else chance.choice("abcde") for label in truth]
    assert accuracy(truth, told) == accuracy_score(truth, told)
    expected = f1_score(truth, told, labels=sorted(set(truth)), average="macro", zero_division=0)
    assert macro_f1(truth, told) == pytest.approx(expected)


def test_a_class_that_is_never_told_counts_as_nothing():
    assert macro_f1(["a", "b"], ["a", "a"]) == pytest.approx((2 / 3 + 0) / 2)


def test_lists_of_different_lengths_are_refused():
    for score in (accuracy, macro_f1):
        with pytest.raises(ValueError, match="argument"):
            score(["a", "b"], ["a"])
