import numpy as np
import pytest
from tests.results.streams import make_channel, make_predictions

from common.pages.outputs import PageOutputs
from common.results.bootstrap import Estimate
from common.results.catalogue import catalogue
from common.results.standings import cell, lead_cell, standings, verdict, verdicts
from common.results.systems import CHAIN, beside, better_base, contest, is_ahead, judge

METRICS = catalogue(0.99)
STREAMS = {f"s{row}": [("letter", 2), ("invoice", 1 + row % 3)] for row in range(8)}


def outputs(channel, kind, *, good):
    """A base model that is sure and right, or sure that nothing ever starts."""
    starts = np.array([page.page == 1 or page.label == "invoice" for page in channel.pages])
    starts &= np.append(True, np.array(channel.labels)[1:] != np.array(channel.labels)[:-1])
    ends = np.append(starts[1:], True)
    labels = [[0.95, 0.05] if page.label == "invoice" else [0.05, 0.95] for page in channel.pages]
    pages = len(channel)
    return PageOutputs(
        kind=kind,
        how="held-out",
        classes=("invoice", "letter"),
        stream=np.array([page.stream for page in channel.pages]),
        page=np.array([page.page for page in channel.pages], dtype=np.int32),
        probabilities=np.array(labels, dtype=np.float32),
        first_page=np.where(starts & good, 0.9, 0.1).astype(np.float32),
        last_page=np.where(ends & good, 0.9, 0.1).astype(np.float32),
        present=np.ones(pages, dtype=bool),
        embedding=np.zeros((pages, 1), dtype=np.float16),
    )


@pytest.fixture
def systems():
    channel = make_channel(STREAMS)
    bases = [outputs(channel, "text", good=False), outputs(channel, "image", good=True)]
    return beside(judge(channel, make_predictions(STREAMS)), channel, bases)


def test_the_ensemble_stands_beside_each_base_model_and_their_mean(systems):
    assert [s.name for s in systems] == ["Ensemble", "Text alone", "Image alone", "Mean of both"]
    exact = [system.metrics["segment_f1_with_label"].value for system in systems]
    assert exact[0] == exact[2] == 1
    assert exact[1] == 0


def test_other_systems_come_last_and_each_has_its_verdict():
    channel = make_channel(STREAMS)
    bases = [outputs(channel, kind, good=kind == "image") for kind in ("text", "image")]
    nothing_split = {name: [("letter", 3 + row % 3)] for row, name in enumerate(STREAMS)}
    others = {CHAIN: make_predictions(nothing_split), "v1": make_predictions(STREAMS)}
    found = beside(judge(channel, make_predictions(STREAMS)), channel, bases, others)
    assert [system.name for system in found[4:]] == [CHAIN, "v1"]
    said = verdicts(found)
    assert [line.split(":")[0] for line in said] == [
        "The ensemble does not beat image alone (the better of its parts) beyond chance",
        "The ensemble beats the mean of both",
        "The ensemble beats the linear chain",
        "The ensemble does not beat v1 beyond chance",
    ]
    assert verdicts(found[:1]) == []


def test_all_are_judged_alike():
    channel = make_channel(STREAMS)
    ensemble = judge(channel, make_predictions(STREAMS), target_precision=0.7, seed=3)
    found = beside(ensemble, channel, [outputs(channel, "text", good=True)])
    assert found[0] is ensemble
    assert (found[1].metrics.target_precision, found[1].metrics.seed) == (0.7, 3)


def test_the_better_base_is_the_one_to_beat(systems):
    assert better_base(systems).name == "Image alone"
    assert better_base(systems[:1]) is None


def test_a_single_base_model_has_no_mean():
    channel = make_channel(STREAMS)
    text = outputs(channel, "text", good=True)
    found = beside(judge(channel, make_predictions(STREAMS)), channel, [text])
    assert [system.name for system in found] == ["Ensemble", "Text alone"]


def test_the_verdict_says_by_how_much_or_that_it_does_not(systems):
    ensemble, text, image, _ = systems
    assert verdict(contest(ensemble, text), "text alone") == (
        "The ensemble beats text alone: +100.0 points in the F1 of exact segments with label "
        "(95 % interval +100.0 to +100.0)."
    )
    assert "does not beat image alone beyond chance: 0.0 points" in verdict(
        contest(ensemble, image), "image alone"
    )
    assert "falls behind the ensemble: −100.0 points" in verdict(
        contest(text, ensemble), "the ensemble"
    )


@pytest.mark.parametrize(
    ("name", "interval", "expected"),
    [
        ("boundary_f1", (0.01, 0.2), True),
        ("boundary_f1", (-0.2, -0.01), False),
        ("boundary_f1", (-0.01, 0.2), None),
        ("boundary_f1", (0.0, 0.2), None),
        ("mndd", (-2.0, -1.0), True),
        ("mndd", (1.0, 2.0), False),
    ],
)
def test_ahead_means_that_the_whole_interval_says_so(name, interval, expected):
    assert is_ahead(METRICS[name], Estimate(sum(interval) / 2, interval)) is expected


def test_undefined_figures_have_no_winner():
    assert is_ahead(METRICS["accepted_precision"], Estimate(None, None)) is None


def test_figures_are_printed_as_percent_or_as_they_are():
    shown = cell(METRICS["stp"], Estimate(0.5, (0.25, 0.75)))
    assert (shown.value, shown.interval) == ("50.0", "25.0 to 75.0")
    assert cell(METRICS["mndd"], Estimate(1.5, (0, 3))).interval == "0.00 to 3.00"
    assert cell(METRICS["stp"], Estimate(None, None)).value == "–"
    lead = lead_cell(METRICS["stp"], Estimate(-0.05, (-0.1, 0.00001)))
    assert (lead.value, lead.interval) == ("−5.0", "−10.0 to 0.0")


def test_the_best_of_a_line_is_marked_equals_together_and_low_where_low_is_good(systems):
    rows = {row.metric.name: row for row in standings(systems, None)}
    assert [c.best for c in rows["segment_f1_with_label"].cells][:3] == [True, False, True]
    assert [c.best for c in rows["mndd"].cells][:3] == [True, False, True]
    assert "accepted_precision" not in rows  # base models alone decide nothing


def test_a_figure_that_only_one_has_makes_nobody_the_best(systems):
    """Base models alone do not say how sure they are of a whole stream."""
    rows = {row.metric.name: row for row in standings(systems, contest(systems[0], systems[1]))}
    cells = rows["stream_ece"].cells
    assert [cell.value for cell in cells[1:]] == ["–"] * 3
    assert not any(cell.best for cell in cells)
    assert (rows["stream_ece"].lead.value, rows["stream_ece"].ahead) == ("–", None)


def test_alone_nobody_is_best(systems):
    rows = standings(systems[:1], None)
    assert not any(c.best for row in rows for c in row.cells)
    assert "accepted_precision" in {row.metric.name for row in rows}
