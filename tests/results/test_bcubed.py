import numpy as np
import pytest
from hypothesis import given
from tests.results.streams import comparisons, make_comparison

from common.results.bcubed import bcubed_f1, bcubed_precision, bcubed_recall


def once(metric, comparison):
    return metric(comparison)(np.ones((1, len(comparison.streams))))[0]


def page_by_page(comparison):
    """Precision and recall of each page from the sets of pages themselves."""
    precision, recall = [], []
    for stream in comparison.streams:
        pages = range(len(stream))
        for page in pages:
            true = {p for p in pages if stream.true_segment[p] == stream.true_segment[page]}
            found = {
                p for p in pages if stream.predicted_segment[p] == stream.predicted_segment[page]
            }
            precision.append(len(true & found) / len(found))
            recall.append(len(true & found) / len(true))
    return np.mean(precision), np.mean(recall)


@given(comparisons())
def test_bcubed_is_the_mean_over_pages(comparison):
    precision, recall = page_by_page(comparison)
    assert once(bcubed_precision, comparison) == pytest.approx(precision)
    assert once(bcubed_recall, comparison) == pytest.approx(recall)
    assert once(bcubed_f1, comparison) == pytest.approx(
        2 * precision * recall / (precision + recall)
    )


def test_bcubed_by_hand():
    # Truth 1–2 | 3, prediction 1–3. Precision: pages 1, 2 two of three, page 3 one of three: 5/9.
    # Recall 1. F1 = 2·(5/9) / (14/9) = 5/7.
    comparison = make_comparison({"a": [("x", 2), ("x", 1)]}, {"a": [("x", 3)]})
    assert once(bcubed_precision, comparison) == pytest.approx(5 / 9)
    assert once(bcubed_recall, comparison) == 1
    assert once(bcubed_f1, comparison) == pytest.approx(5 / 7)
