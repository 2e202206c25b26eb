import numpy as np
import pytest
from benchmarks.missing_modality import CONDITIONS, FIGURES, Condition, conditions, lacking, table
from tests.labelled import channel_of

from common.pages.evidence import Evidence
from common.pages.outputs import HELD_OUT, page_outputs


def outputs(kind, present):
    pages = len(present)
    channel = channel_of([("x", ["word"] * pages)], name="test")
    return page_outputs(
        channel,
        kind=kind,
        how=HELD_OUT,
        classes=("x", "y"),
        present=np.array(present),
        probabilities=np.full((pages, 2), 0.5),
        first_page=np.full(pages, 0.5),
        last_page=np.full(pages, 0.5),
        embedding=np.zeros((pages, 1)),
        descriptors={},
    )


def test_what_is_withheld_is_a_share_of_all_pages_and_another_one_with_each_draw():
    evidence = Evidence(outputs("text", [True] * 20), outputs("image", [True] * 19 + [False]))
    half = Condition("", image=0.5)
    draws = [lacking(evidence, half, np.random.default_rng(seed)) for seed in range(5)]
    seen = {tuple(found.image.present) for found in draws}
    assert len(seen) == 5
    assert {sum(one) for one in seen} <= {9, 10}  # the last page has no bitmap anyway
    assert not any(one[-1] for one in seen)
    assert all(found.text.present.all() for found in draws)
    nothing = lacking(evidence, Condition("", image=1), np.random.default_rng(0))
    assert not nothing.image.present.any()


def test_only_what_is_there_is_taken_away():
    alone = conditions(Evidence(outputs("text", [True]), None))
    assert [one.text for one in alone] == [0, 0.1, 0.5]
    assert conditions(Evidence(outputs("text", [True]), outputs("image", [True]))) == [*CONDITIONS]


def test_a_cell_holds_the_mean_of_the_draws_for_each_seed():
    def said(value):
        return dict.fromkeys(FIGURES, value)

    found = [{("chain", "half"): [said(0.5), said(0.7)]}, {("chain", "half"): [said(0.25)]}]
    *_, row = table(found)
    assert row.split(" | ")[1:3] == ["half", "0.600, 0.250"]
    with pytest.raises(KeyError):
        list(table([found[0], {}]))
