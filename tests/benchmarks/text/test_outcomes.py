import pytest
from benchmarks.text.measuring import Run
from benchmarks.text.outcomes import Outcome, Trial, best_of, cheapest_of, reached, round_of
from benchmarks.text.systems import FASTTEXT, OURS, System

JOB = Run(
    seconds=60.0,
    peak_bytes=7,
    lines=(
        (1.5, 'hyperparameters {"seed":1}'),
        (20.0, "validation:accuracy=0.8;"),
        (20.0, "validation:first_page_accuracy=0.99;"),
        (22.0, "validation:accuracy=0.831776;"),
        (24.0, "validation:accuracy=0.82;"),
        (60.0, "artifact"),
    ),
)
PEER = Run(seconds=9.0, peak_bytes=5, lines=((0.5, "started"),))


def test_ours_is_at_the_bar_when_the_first_epoch_is_that_tells_as_much():
    assert reached(JOB, 0.7) == 20.0
    assert reached(JOB, 0.81) == 22.0
    assert reached(JOB, 0.8317757) == 22.0  # printed with six digits
    assert reached(JOB, 0.84) is None


def test_out_of_fold_models_are_no_part_of_training():
    found = round_of(System(OURS), JOB, (2.0, 9), 0.8, bar=0.81)
    assert (found.start, found.to_bar, found.trained, found.whole) == (1.5, 22.0, 24.0, 60.0)
    assert (found.peak, found.predict, found.predict_peak) == (7, 2.0, 9)


@pytest.mark.parametrize(("accuracy", "to_bar"), [(0.83, 9.0), (0.829, 9.0), (0.827, None)])
def test_a_peer_is_at_the_bar_when_it_is_done_or_never(accuracy, to_bar):
    assert round_of(System(FASTTEXT), PEER, (2.0, 9), accuracy, bar=0.83).to_bar == to_bar


def test_medians_are_over_rounds_and_nothing_if_the_bar_was_missed_once():
    rounds = [
        round_of(System(OURS), Run(9, 7 - peak, lines), (predict, 9), 0.8, bar=0.81)
        for peak, predict, lines in ((0, 3, JOB.lines), (5, 8, JOB.lines[:4]), (1, 4, JOB.lines))
    ]
    found = Outcome(System(OURS), tuple(rounds), {})
    assert (found.typical("predict"), found.typical("trained"), found.peak) == (4, 24.0, 7)
    assert found.to_bar_after_start == 20.5
    missed = round_of(System(OURS), Run(9, 7, JOB.lines[:2]), (3, 9), 0.8, bar=0.81)
    found = Outcome(System(OURS), (*rounds, missed), {})
    assert found.typical("to_bar") is found.to_bar_after_start is None


def test_the_bar_is_the_best_and_the_cheapest_is_nearly_as_good():
    trials = [
        Trial(System("a"), 1.0, 0.8),
        Trial(System("b"), 9.0, 0.8295),
        Trial(System("c"), 40.0, 0.831),
        Trial(System("d"), 30.0, 0.831),
    ]
    assert best_of(trials).system.name == "d"
    assert cheapest_of(trials).system.name == "b"
