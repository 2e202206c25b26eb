from dataclasses import replace

from benchmarks.text.outcomes import Outcome, Round, Size
from benchmarks.text.report import report, targets
from benchmarks.text.systems import FASTTEXT, HASHING, OURS, TFIDF, System

FAST = Round(start=1, to_bar=10, trained=20, whole=40, peak=400_000_000, predict=2, predict_peak=9)


def outcome(name, f1=0.8, **changes):
    return Outcome(System(name), (replace(FAST, **changes),), {"office/test macro-F1": f1})


def size(*outcomes, pages=1000):
    return Size(pages, predicted=3000, bar=0.8, mxnet=150_000_000, outcomes=outcomes)


PEERS = (
    outcome(FASTTEXT, to_bar=50, peak=125_000_000, predict=3, f1=0.7),
    outcome(TFIDF, peak=800_000_000, predict=20),
    outcome(HASHING, peak=799_999_999, predict=19.9),
)


def verdicts(measured):
    return {target.what: target.met for target in targets(measured)}


def test_targets_are_met_at_their_limit_and_missed_beyond():
    assert verdicts(size(outcome(OURS), *PEERS)) == {
        "time to 0.800 / fastText's": True,
        "inference / fastText's": True,
        "memory / fastText's; two times, and what MXNet costs": True,  # 400 = 2 · 125 + 150
        "office/test macro-F1 / fastText's": True,
        f"inference / {TFIDF}'s": True,
        f"memory / {TFIDF}'s": True,
        f"inference / {HASHING}'s": False,
        f"memory / {HASHING}'s": False,
    }
    slower = outcome(OURS, to_bar=10.1, predict=2.01, peak=400_000_001, f1=0.69)
    assert not any(verdicts(size(slower, *PEERS)).values())


def test_a_bar_that_was_never_reached_is_a_target_missed():
    never = size(outcome(OURS, to_bar=None), *PEERS)
    assert not verdicts(never)["time to 0.800 / fastText's"]
    assert "| never | 50.0 |" in report([never])


def test_both_configurations_of_fasttext_are_told_apart():
    measured = size(outcome(OURS), PEERS[0], outcome(FASTTEXT, to_bar=20), *PEERS[1:])
    found = verdicts(measured)
    assert found["time to 0.800 / fastText, best's"]
    assert not found["time to 0.800 / fastText, cheapest's"]


def test_the_report_gives_absolute_figures_ratios_and_growth():
    sizes = [size(outcome(OURS), *PEERS), size(outcome(OURS, trained=60), *PEERS, pages=4000)]
    lines = report(sizes).splitlines()
    assert "### 1,000 training pages" in lines
    assert "| inference on 3,000 pages, pages/s | 1,500 | 1,000 | 150 | 151 |" in lines
    assert "| time to 0.800 / fastText's | 0.200 | ≤ 0.20 | met |" in lines
    assert f"| inference / {HASHING}'s | 9.950 | ≥ 10.00 | **missed** |" in lines
    assert any(line.startswith("| 1,000 | 20.00 s, 400 MB |") for line in lines)
    assert any(line.startswith("| 4,000 | 15.00 s, 400 MB |") for line in lines)
