"""One size of the benchmark: make the data, choose configurations, run the rounds."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.text.measuring import Clock, Run, run
from benchmarks.text.outcomes import (
    Outcome,
    Round,
    Size,
    Trial,
    best_of,
    cheapest_of,
    round_of,
)
from benchmarks.text.raw_pages import raw_pages
from benchmarks.text.scoring import accuracy, macro_f1
from benchmarks.text.systems import (
    Interpreters,
    System,
    fasttext_grid,
    ours,
    rungs,
    sklearn_grid,
    with_epochs,
)

FEWEST_PREDICTED = 2000  # pages, so that speed can be measured
_SEEDS = {"train": 1, "predicted": 2}


@dataclass(frozen=True)
class Contest:
    """`train`, `validation`, `test` are real channels; all that is made goes below `work`.

    `again`: the peers' configurations are those that the last run into `work` chose.
    """

    python: Interpreters
    train: Sequence[Path]
    validation: Sequence[Path]
    test: Sequence[Path]
    rounds: int
    threads: int
    work: Path
    clock: Clock = "wall"
    again: bool = False

    @property
    def environment(self) -> dict[str, str]:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        return {"PYTHONPATH": "src:.", **dict.fromkeys(names, str(self.threads))}

    def run(self, command: Sequence[str]) -> Run:
        return run(command, self.environment, clock=self.clock)


def measure(contest: Contest, pages: int) -> Size:
    """All systems on `pages` training pages, or on train as it is where that is 0.

    Raises:
        FileNotFoundError: nothing was chosen before that could be taken again.
    """
    data = contest.work / str(pages)
    trained_on = _make_channel(contest, data / "train", contest.train, pages)
    _make_channel(contest, data / "validation", contest.validation, 0)
    _make_channel(contest, data / "test", contest.test, 0)
    asked = max(trained_on, FEWEST_PREDICTED)
    predicted = _make_channel(contest, data / "predicted", contest.test, asked)
    chosen = data / "chosen.json"
    if not contest.again:
        _write_trials(chosen, _choose(contest, data, trained_on))
    rivals = _read_trials(chosen)
    bar = rivals[0].accuracy
    outcomes = _run_rounds(contest, data, trained_on, [trial.system for trial in rivals], bar)
    return Size(trained_on, predicted, bar, _cost_of_mxnet(contest), tuple(outcomes))


def _make_channel(contest: Contest, folder: Path, sources: Sequence[Path], pages: int) -> int:
    """Make a channel in a process of its own, so that this one stays small; its pages."""
    given = ["--pages", str(pages), "--seed", str(_SEEDS.get(folder.name, 0))]
    command = [contest.python.ours, "-m", "benchmarks.text.resample", *given]
    made = contest.run([*command, "--output", str(folder), *map(str, sources)])
    return int(made.lines[-1][1].split()[-2])


def _choose(contest: Contest, data: Path, pages: int) -> list[Trial]:
    """The best of each peer, fastText's first; of it the cheapest too, if that is another."""
    trials = _search_fasttext(contest, data, pages)
    best, cheapest = best_of(trials), cheapest_of(trials)
    chosen = [best] if best == cheapest else [best, cheapest]
    for grid in sklearn_grid(pages).values():
        chosen.append(best_of([_try(contest, data, system) for system in grid]))
    return chosen


def _write_trials(file: Path, trials: Sequence[Trial]) -> None:
    file.write_text(json.dumps([asdict(trial) for trial in trials], indent=1) + "\n")


def _read_trials(file: Path) -> list[Trial]:
    rows = json.loads(file.read_text())
    return [
        Trial(
            System(row["system"]["name"], tuple(row["system"]["flags"])),
            row["seconds"],
            row["accuracy"],
        )
        for row in rows
    ]


def _search_fasttext(contest: Contest, data: Path, pages: int) -> list[Trial]:
    trials: list[Trial] = []
    grid = fasttext_grid()
    for epochs, places in rungs(pages):
        tried = [_try(contest, data, with_epochs(system, epochs)) for system in grid[:places]]
        trials += tried
        order = sorted(range(len(tried)), key=lambda place: -tried[place].accuracy)
        grid = [grid[place] for place in order]
    return trials


def _try(contest: Contest, data: Path, system: System) -> Trial:
    model = data / "tried"
    training = contest.run(system.train(contest.python, data, model, contest.threads))
    found = _scores(contest, system, model, data / "validation")
    trial = Trial(system, training.seconds, found["accuracy"])
    _say(f"{system.name} {' '.join(system.flags)}: {trial.accuracy:.4f}, {trial.seconds:.1f} s")
    return trial


def _run_rounds(
    contest: Contest, data: Path, pages: int, rivals: Sequence[System], bar: float
) -> list[Outcome]:
    """All systems in turn, again and again."""
    systems = [ours(pages), *rivals]
    rounds: list[list[Round]] = [[] for _ in systems]
    scores: list[dict[str, float]] = [{} for _ in systems]
    for number in range(contest.rounds):
        for place, system in enumerate(systems):
            model = data / f"model-{place}"
            training = contest.run(system.train(contest.python, data, model, contest.threads))
            if number == 0:
                scores[place] = _all_scores(contest, system, model, data)
            prediction = _predict(contest, system, model, data / "predicted")
            reached = scores[place]["validation accuracy"]
            rounds[place].append(round_of(system, training, prediction, reached, bar))
            _say(f"round {number + 1}, {system.name}: {rounds[place][-1]}")
    return [
        Outcome(system, tuple(of_system), of_labels)
        for system, of_system, of_labels in zip(systems, rounds, scores, strict=True)
    ]


def _predict(contest: Contest, system: System, model: Path, channel: Path) -> tuple[float, int]:
    """Seconds from the channel to its classes, and the peak in bytes."""
    prediction = contest.run(system.predict(contest.python, channel, model))
    return _last_word(prediction)["seconds"][contest.clock], prediction.peak_bytes


def _all_scores(contest: Contest, system: System, model: Path, data: Path) -> dict[str, float]:
    of_validation = _scores(contest, system, model, data / "validation")
    of_test = _scores(contest, system, model, data / "test", by_source=True)
    return {f"validation {name}": value for name, value in of_validation.items()} | of_test


def _scores(
    contest: Contest, system: System, model: Path, channel: Path, *, by_source: bool = False
) -> dict[str, float]:
    """Accuracy and macro-F1; of the channels apart that this one was made of, if so wanted."""
    told = _last_word(contest.run(system.predict(contest.python, channel, model)))["labels"]
    truth = [page.label for page in raw_pages(channel)]
    if not by_source:
        return {"accuracy": accuracy(truth, told), "macro-F1": macro_f1(truth, told)}
    found = {}
    for source in sorted({label.split("/")[0] for label in truth}):
        rows = [row for row, label in enumerate(truth) if label.split("/")[0] == source]
        pair = [truth[row] for row in rows], [told[row] for row in rows]
        found[f"{source}/test accuracy"] = accuracy(*pair)
        found[f"{source}/test macro-F1"] = macro_f1(*pair)
    return found


def _last_word(prediction: Run) -> dict:
    return json.loads(prediction.lines[-1][1])


def _cost_of_mxnet(contest: Contest) -> int:
    """Bytes that a process has more when it has imported MXNet."""
    with_it, bare = (
        contest.run([contest.python.ours, "-c", code]).peak_bytes
        for code in ("import mxnet", "pass")
    )
    return with_it - bare


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
