import numpy as np
import pytest
from hypothesis import given
from tests.results.streams import comparisons, make_comparison

from common.results.boundary_metrics import (
    boundary_f1,
    boundary_precision,
    boundary_recall,
    window_diff,
)


def once(metric, comparison):
    return metric(comparison)(np.ones((1, len(comparison.streams))))[0]


def test_boundaries_by_hand():
    # a: truth 2|3|1 has boundaries before pages 3 and 6; prediction 2|1|3 before 3 and 4: one hit.
    # b: truth 4 has none; prediction 1|3 has one before page 2.
    # TP 1, predicted 3, true 2: precision 1/3, recall 1/2, F1 2·1/(3+2).
    comparison = make_comparison(
        {"a": [("x", 2), ("x", 3), ("x", 1)], "b": [("x", 4)]},
        {"a": [("x", 2), ("x", 1), ("x", 3)], "b": [("x", 1), ("x", 3)]},
    )
    assert once(boundary_precision, comparison) == pytest.approx(1 / 3)
    assert once(boundary_recall, comparison) == pytest.approx(1 / 2)
    assert once(boundary_f1, comparison) == pytest.approx(2 / 5)


def test_the_first_page_of_a_stream_does_not_count():
    comparison = make_comparison(
        {"a": [("x", 1), ("x", 1)], "b": [("x", 2)]}, {"a": [("x", 2)], "b": [("x", 2)]}
    )
    for metric in (boundary_precision, boundary_recall, boundary_f1):
        assert once(metric, comparison) == 0


def test_nothing_to_find_and_nothing_found_is_perfect():
    comparison = make_comparison({"a": [("x", 1)]}, {"a": [("y", 1)]})
    for metric in (boundary_precision, boundary_recall, boundary_f1):
        assert once(metric, comparison) == 1


def by_definition(stream):
    """Pevzner and Hearst's formula, boundaries counted one by one."""
    pages = len(stream)
    true = [page for page in range(1, pages) if stream.true_boundary[page - 1]]
    found = [page for page in range(1, pages) if stream.predicted_boundary[page - 1]]
    width = max(1, round(pages / (len(true) + 1) / 2))
    windows = [
        sum(i < page <= i + width for page in true) != sum(i < page <= i + width for page in found)
        for i in range(pages - width)
    ]
    return sum(windows) / len(windows) if windows else None


@given(comparisons())
def test_window_diff_is_its_definition(comparison):
    values = [by_definition(stream) for stream in comparison.streams]
    defined = [value for value in values if value is not None]
    expected = np.mean(defined) if defined else 0.0
    assert once(window_diff, comparison) == pytest.approx(expected)


def test_window_diff_by_hand():
    # 8 pages, truth 4|4: mean length 4, k = 2. Prediction 3|5: boundary before page 4, not 5.
    # Windows (1,3) … (6,8), 6 of them. True boundary lies in (3,5) (4,6); predicted in (2,4) (3,5):
    # they differ in (2,4) and (4,6): 2/6. A near miss costs less than the 4/6 of a far one.
    near = make_comparison({"a": [("x", 4), ("x", 4)]}, {"a": [("x", 3), ("x", 5)]})
    far = make_comparison({"a": [("x", 4), ("x", 4)]}, {"a": [("x", 6), ("x", 2)]})
    assert once(window_diff, near) == pytest.approx(2 / 6)
    assert once(window_diff, far) == pytest.approx(4 / 6)
