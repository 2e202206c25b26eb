import json
import sys
from dataclasses import replace

import pytest
from benchmarks.text import compare, contest
from benchmarks.text.outcomes import Trial, best_of
from benchmarks.text.raw_pages import raw_pages
from benchmarks.text.scoring import accuracy
from benchmarks.text.systems import (
    FASTTEXT,
    LARGE,
    OURS,
    TFIDF,
    Interpreters,
    System,
    rungs,
    sklearn_grid,
)
from tests.sample import SAMPLE

# Always tells the last class that it was shown.
STAND_IN = """
class Model:
    def save_model(self, path):
        open(path, "w").write(self.label)
    def predict(self, texts):
        return [[self.label]] * len(texts), None

def train_supervised(path, **settings):
    assert settings["thread"] == 1
    return load_model(path)

def load_model(path):
    model = Model()
    model.label = "__label__" + open(path).read().split("__label__")[-1].split()[0]
    return model
"""


@pytest.fixture
def peers(tmp_path):
    """A Python where a stand-in for fastText is installed."""
    (tmp_path / "peers").mkdir()
    (tmp_path / "peers/fasttext.py").write_text(STAND_IN)
    python = tmp_path / "peers/python"
    python.write_text(
        f'#!/bin/sh\nPYTHONPATH=$PYTHONPATH:{python.parent} exec {sys.executable} "$@"'
    )
    python.chmod(0o755)
    return python


@pytest.mark.slow
def test_all_systems_are_measured_on_the_sample(tmp_path, monkeypatch, capsys, peers):
    monkeypatch.setattr(contest, "rungs", lambda pages: ((5, 1),))
    monkeypatch.setattr(contest, "FEWEST_PREDICTED", 300)
    flags = [f"--{part}={SAMPLE / part}" for part in ("train", "validation", "test")]
    flags += [f"--peers={peers}", f"--output={tmp_path / 'out'}", "--rounds=2", "--pages=0"]
    assert compare.main(flags) == 0
    (measured,) = json.loads((tmp_path / "out/text.json").read_text())
    assert (tmp_path / "out/text.md").read_text() == capsys.readouterr().out.removesuffix("\n")
    truth = [page.label for page in raw_pages(SAMPLE / "validation")]
    (last,) = {page.label for page in list(raw_pages(SAMPLE / "train"))[-1:]}
    assert measured["bar"] == accuracy(truth, [last] * len(truth))
    assert 300 <= measured["predicted"] < 330
    ours, fasttext, *sklearn = measured["outcomes"]
    assert [ours["system"]["name"], fasttext["system"]["name"]] == [OURS, FASTTEXT]
    assert len(sklearn) == 2
    first, second = ours["rounds"]
    for one in (first, second):
        assert one["start"] < one["to_bar"] <= one["trained"] < one["whole"]
    for system in (ours, *sklearn):
        assert system["scores"]["sample/test macro-F1"] > 0.8
    assert fasttext["scores"]["sample/test accuracy"] < 0.5


@pytest.mark.parametrize(("pages", "tried"), [(5000, (8, 8, 8)), (5001, (8, 4, 2))])
def test_the_better_configurations_of_fasttext_get_more_epochs(monkeypatch, tmp_path, pages, tried):
    seen = {5: [], 25: [], 50: []}

    def trial(_, data, system):
        epochs = int(system.flags[-1].removeprefix("--epochs="))
        seen[epochs].append(system.flags[:-1])
        good = ("--dimensions=100" in system.flags) + 2 * ("--characters" in system.flags)
        return Trial(system, epochs, good / 10 + epochs / 1000)

    monkeypatch.setattr(contest, "_try", trial)
    best = best_of(contest._search_fasttext(None, tmp_path, pages))
    assert tuple(map(len, seen.values())) == tried
    assert all(len(set(flags)) == len(flags) for flags in seen.values())
    assert set(seen[50]) <= set(seen[25]) <= set(seen[5])
    assert {"--dimensions=100", "--characters", "--epochs=50"} <= set(best.system.flags)
    if pages > 5000:
        assert all("--characters" in flags for flags in seen[25])
        assert all("--dimensions=100" in flags for flags in seen[50])


def test_very_many_pages_are_not_tried_with_what_no_machine_has_room_for():
    assert rungs(LARGE + 1) == ((5, 8),)
    assert [len(grid) for grid in sklearn_grid(LARGE).values()] == [2, 2]
    assert [len(grid) for grid in sklearn_grid(LARGE + 1).values()] == [1]


def test_again_takes_the_configurations_of_the_last_run(monkeypatch, tmp_path):
    trials = [Trial(System(FASTTEXT, ("--rate=1.0",)), 3.0, 0.8), Trial(System(TFIDF), 4.0, 0.9)]
    ran = []
    monkeypatch.setattr(contest, "_make_channel", lambda *_: 100)
    monkeypatch.setattr(contest, "_cost_of_mxnet", lambda _: 1)
    monkeypatch.setattr(contest, "_choose", lambda *_: trials)
    monkeypatch.setattr(contest, "_run_rounds", lambda *given: ran.append(given[2:]) or ())
    (tmp_path / "100").mkdir()
    first = contest.Contest(Interpreters("", ""), (), (), (), 1, 1, tmp_path)
    contest.measure(first, 100)
    trials = []
    contest.measure(replace(first, again=True), 100)
    assert ran[0] == ran[1] == (100, [System(FASTTEXT, ("--rate=1.0",)), System(TFIDF)], 0.8)
    with pytest.raises(FileNotFoundError):
        contest.measure(replace(first, again=True), 200)
