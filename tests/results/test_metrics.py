import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from tests.results.streams import comparisons, make_channel, make_predictions

from common.job.errors import ClientError
from common.results.catalogue import catalogue
from common.results.comparison import compare
from common.results.metrics import measure

TRUTH = {"a": [("letter", 2), ("invoice", 3)], "b": [("memo", 1)]}
PERFECT_AT_ZERO = {"mndd", "window_diff", "page_ece", "segment_ece", "stream_ece"}


def evaluate(channel, predictions, **options):
    return measure(compare(channel, *predictions), **options)


@settings(max_examples=40)
@given(comparisons())
def test_figures_keep_within_their_bounds(comparison):
    metrics = measure(comparison)
    for name, metric in catalogue(0.99).items():
        found = metrics[name]
        if found.value is None:
            assert name == "accepted_precision"
            continue
        low, high = found.interval
        assert 0 <= low <= high
        assert found.value >= 0
        if metric.share:
            assert max(high, found.value) <= 1


def test_a_perfect_prediction_is_perfect_in_every_figure():
    metrics = evaluate(make_channel(TRUTH), make_predictions(TRUTH))
    for name in catalogue(0.99):
        expected = 0.0 if name in PERFECT_AT_ZERO else 1.0
        found = metrics[name]
        assert (found.value, *found.interval) == pytest.approx((expected,) * 3, abs=1e-12), name


def test_every_metric_is_documented():
    documentation = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    assert [name for name in catalogue(0.99) if f"`{name}`" not in documentation] == []


def test_a_class_that_the_model_never_knew_is_an_error_like_any_other():
    said = {**TRUTH, "b": [("letter", 1)]}
    metrics = evaluate(make_channel(TRUTH), make_predictions(said))
    memo = next(scores for scores in metrics.classes if scores.label == "memo")
    assert (memo.pages, memo.predicted, memo.f1) == (1, 0, 0.0)
    assert metrics["page_accuracy"].value == pytest.approx(5 / 6)


def test_counts_and_confusion():
    said = {"a": [("letter", 2), ("invoice", 1), ("letter", 2)], "b": [("memo", 1)]}
    content = evaluate(make_channel(TRUTH), make_predictions(said)).as_dict()
    assert content["counts"] == {"streams": 2, "pages": 6, "documents": 3, "segments": 4}
    assert content["confusion"] == {
        "labels": ["invoice", "letter", "memo"],
        "pages": [[1, 2, 0], [0, 2, 0], [0, 0, 1]],
    }


def test_metrics_are_strict_json_with_null_for_the_undefined():
    nothing_accepted = make_predictions(TRUTH, [0.1, 0.1, 0.1])
    metrics = evaluate(make_channel(TRUTH), nothing_accepted)
    content = json.loads(json.dumps(metrics.as_dict(), allow_nan=False))
    assert content["metrics"]["accepted_precision"] == {"value": None, "interval": None}
    assert content["metrics"]["accepted_coverage"]["value"] == 0


def test_the_target_precision_is_used():
    said = {"a": [("letter", 2), ("letter", 3)], "b": [("memo", 1)]}
    predictions = make_predictions(said, [0.9, 0.8, 0.7])
    covered = [
        evaluate(make_channel(TRUTH), predictions, target_precision=target)[
            "coverage_at_precision"
        ].value
        for target in (0.99, 0.6)
    ]
    assert covered == pytest.approx([1 / 3, 1])


def test_missing_pages_are_refused():
    with pytest.raises(ClientError, match="pages without a prediction: 1"):
        evaluate(make_channel(TRUTH), make_predictions({"a": TRUTH["a"]}))
