import re
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.results.streams import make_comparison

from common.results.calibration import reliability
from common.results.coverage_chart import coverage_chart
from common.results.history import History
from common.results.learning_curves import corners, learning_curves
from common.results.metrics import measure
from common.results.reliability_chart import reliability_chart
from common.results.systems import System

HISTORY = History(
    epochs=[
        {"epoch": epoch, "train_loss": 1 / epoch, "validation_loss": 1.5 / epoch}
        for epoch in (1, 2, 3)
    ],
    learning_rate=[(0.0, 0.001), (1.5, 0.1), (3.0, 0.001)],
)


def draw_reliability():
    return reliability_chart(reliability(np.array([0.9, 0.4]), np.array([True, False])), of="pages")


def draw_coverage(accepted=0.5):
    truth = {"a": [("x", 1), ("x", 1)]}
    comparison = make_comparison(truth, {"a": [("x", 1), ("y", 1)]}, [0.9, 0.3])
    return coverage_chart(System("Ensemble", comparison, measure(comparison)))


CHARTS = [lambda: learning_curves("image", HISTORY), draw_reliability, draw_coverage]


@pytest.mark.parametrize("draw", CHARTS)
def test_the_same_figures_give_the_same_bytes(draw):
    assert draw().svg == draw().svg


@pytest.mark.parametrize("draw", CHARTS)
def test_a_chart_is_at_home_in_any_page(draw):
    svg = draw().svg
    ElementTree.fromstring(svg)
    assert "var(--ink)" in svg
    assert "#0101" not in svg  # no placeholder left
    assert "font-family" not in svg
    assert "<style" not in svg
    assert "<metadata" not in svg
    assert not re.search(r"\b(19|20)\d\d-\d\d-\d\d", svg)  # no date
    assert "NaN" not in svg
    assert "nan" not in svg


def test_lines_are_drawn_for_what_the_history_holds_and_named():
    chart = learning_curves("image", HISTORY)
    assert [name for _, name in chart.legend] == ["validation loss", "train loss", "learning rate"]
    assert "var(--series-1)" in chart.svg
    assert "var(--series-2)" in chart.svg
    assert "var(--rate)" in chart.svg
    assert "train loss from 1 to 0.333" in chart.description
    assert "Learning rate between 0.001 and 0.1" in chart.description


def test_all_that_the_sequence_model_is_scored_by_has_a_line():
    scores = {"validation_page_accuracy": 0.9, "validation_boundary_f1": 0.8}
    scores["validation_segment_f1_with_label"] = 0.7
    chart = learning_curves("sequence", History(epochs=[{"epoch": 1, "train_loss": 1, **scores}]))
    assert [name for _, name in chart.legend[1:]] == [
        "validation page accuracy",
        "validation boundary F1",
        "validation segment F1 with label",
    ]
    assert "var(--series-3)" in chart.svg


def test_a_history_with_hardly_anything_is_drawn_too():
    chart = learning_curves("text", History(epochs=[{"epoch": 1, "train_loss": 0.5}]))
    assert [name for _, name in chart.legend] == ["train loss"]
    assert "var(--rate)" not in chart.svg


def test_an_empty_history_is_drawn_as_empty_axes():
    assert learning_curves("text", History(epochs=[])).legend == ()


def test_the_reliability_diagram_is_told_in_words():
    description = draw_reliability().description
    assert "0.90 was said 1 ×, 100% right" in description
    assert "0.40 was said 1 ×, 0% right" in description


def test_the_coverage_curve_is_told_in_words():
    # .9 right, .3 wrong and not accepted: 100 % at half, 50 % at all.
    description = draw_coverage().description
    assert "from 100% at 50% coverage to 50% at all" in description
    assert "Accepted: 50% of the segments, 100% of them right." in description


def test_a_cyclic_rate_is_drawn_from_corner_to_corner():
    # Up over 40 steps, down over 40, twice, hundredths of an epoch each.
    steps = range(161)
    rates = [(step / 100, 0.001 + 0.1 * (1 - abs(step % 80 / 40 - 1))) for step in steps]
    assert corners(rates) == [rates[step] for step in (0, 40, 80, 120, 160)]


@pytest.mark.parametrize("points", [[(0.0, 0.1)], [(0.0, 0.1), (1.0, 0.1)]])
def test_the_ends_of_a_curve_are_kept(points):
    assert corners(points) == points


def test_a_curve_without_straight_parts_keeps_its_points():
    curve = [(step / 10, (step / 10) ** 2) for step in range(10)]
    assert corners(curve) == curve
