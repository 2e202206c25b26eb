import sys

import pytest
from benchmarks.image.compare import Contestant, learn, table

WORKER = """
import json, sys
for used in (9, 11.5):  # loading takes 8 of them
    asked = json.loads(sys.stdin.readline())["what"]
    seconds = {"wall": 0, "processor": {"load": 8, "train": 2.5}[asked]}
    print(json.dumps({"done": 0, "seconds": seconds, "used": used, "resident": 1}), flush=True)
sys.stdin.read()
"""


def test_ratios_are_of_the_same_round_and_the_table_tells_their_median():
    start = {"first_batch": 2.5, "epochs": 3, "to_accuracy": 61.4}
    never = {"first_batch": 9, "epochs": None, "to_accuracy": None}
    found = {
        "ours": {"train": [100, 50, 90], "infer": [8, 8, 8], "resident": 400.4, **start},
        "eager": {"train": [50, 50, 30], "infer": [4, 2, 1], "resident": 500, **never},
    }
    head, rule, *rows = table(found).splitlines()
    assert head.count("|") == rule.count("|")
    assert rows[0] == "| ours | 90.0 | 1.00 | 8.0 | 1.00 | 2.5 | 61 (3) | 400 |"
    assert rows[1] == "| eager | 50.0 | 2.00 | 2.0 | 4.00 | 9.0 | – | 500 |"


class Pupil:
    """Takes so many seconds for an epoch, and says these accuracies one after another."""

    def __init__(self, first_batch, seconds, *accuracies):
        self.first_batch, self._seconds = first_batch, seconds
        self.left = list(accuracies)

    def ask(self, what):
        assert what == "learn"
        return {"done": self.left.pop(0), "seconds": self._seconds}


def test_each_learns_until_it_is_accurate_and_its_start_counts():
    pupils = {
        "quick": Pupil(1, 10, 0.4, 0.8, 0.9),
        "slow to start": Pupil(30, 2, 0.79, 0.79, 0.81),
        "dull": Pupil(0, 1, 0.1, 0.1, 0.1, 0.9),
    }
    assert learn(pupils, accuracy=0.8, epochs=3) == {
        "quick": {"epochs": 2, "to_accuracy": 21},
        "slow to start": {"epochs": 3, "to_accuracy": 36},
        "dull": {"epochs": None, "to_accuracy": None},
    }
    assert pupils["quick"].left == [0.9]


def test_on_the_processor_s_clock_a_start_is_what_it_used_without_loading():
    contestant = Contestant([sys.executable, "-c", WORKER], threads=1, clock="processor")
    contestant.close()
    assert contestant.first_batch == pytest.approx(3.5)
