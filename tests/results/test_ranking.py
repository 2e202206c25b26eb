import numpy as np

from common.results.ranking import by_confidence


def test_a_threshold_lies_only_behind_the_last_of_equals():
    order, ends = by_confidence(np.array([0.5, 0.9, 0.5, 0.1, 0.9]))
    assert order.tolist() == [1, 4, 0, 2, 3]
    assert ends.tolist() == [False, True, False, True, True]


def test_the_smallest_difference_counts():
    """The next float is another confidence, also down where a difference would round to 0."""
    for confidence in (0.9, np.finfo(float).tiny):
        _, ends = by_confidence(np.array([confidence, np.nextafter(confidence, 1)]))
        assert ends.tolist() == [True, True]


def test_of_nothing_there_is_no_order():
    order, ends = by_confidence(np.array([]))
    assert (len(order), len(ends)) == (0, 0)
