"""How well the text model sees that a document is of a class that it has never learnt.

PYTHONPATH=src .venv/bin/python benchmarks/unseen_class.py --train DIR --validation DIR --test DIR

Each class in turn is left out of training. Prints a Markdown table: AUROC of several scores, all
documents of the class against those of the others in test, and what the limit of novelty does.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr
from sklearn.metrics import roc_auc_score

from common.job.tables import TextHyperparameters
from common.models.text import fit_text_model
from common.pages.channel import Channel, read_channel
from common.pages.evidence import Evidence
from common.pages.outputs import HELD_OUT, PageOutputs
from common.results.novelty import familiarity, known_pages
from common.training.run import Run

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Opinion:
    """What a model that does not know a class says of a channel, and which documents are of it."""

    channel: Channel
    outputs: PageOutputs
    unknown: NDArray[np.bool_]  # [documents]

    def of_documents(self, pages: Floats) -> Floats:
        """The mean of each document's pages, [documents]."""
        return np.array([pages[np.asarray(one.rows)].mean() for one in self.channel.documents])


def scores(outputs: PageOutputs, reference: PageOutputs) -> dict[str, Floats]:
    """How unknown each page seems, [pages], by several measures; `reference` are training pages."""
    probabilities = outputs.probabilities.astype(np.float64)
    mine, theirs = (
        each.descriptors["projection"].astype(np.float32) for each in (outputs, reference)
    )
    of_class = reference.probabilities.argmax(axis=1) == probabilities.argmax(axis=1)[:, None]
    cosines = np.where(of_class, mine @ theirs.T, -1)
    return {
        "energy": outputs.descriptors["energy"].astype(np.float64),
        "entropy": entr(probabilities).sum(axis=1),
        "largest probability": 1 - probabilities.max(axis=1),
        "nearest training page": 1 - cosines.max(axis=1).astype(np.float64),
    }


def without(channel: Channel, label: str) -> Channel:
    return channel.take(row for row, page in enumerate(channel.pages) if page.label != label)


def opinions(
    channels: dict[str, Channel], label: str, hyperparameters: TextHyperparameters
) -> dict[str, Opinion]:
    """What a model that has not learnt `label` says of all channels."""
    train, validation = (without(channels[name], label) for name in ("train", "validation"))
    model, _ = fit_text_model(train, validation, train.classes, hyperparameters, Run())
    return {
        name: Opinion(
            channel,
            model.outputs(channel, HELD_OUT),
            np.array([document.label == label for document in channel.documents]),
        )
        for name, channel in channels.items()
    }


def auroc(said: dict[str, Opinion], label: str) -> dict[str, float]:
    """Of each score: all documents of the unknown class against the known ones of test."""
    reference = said["train"].outputs.take(
        np.flatnonzero([page.label != label for page in said["train"].channel.pages])
    )
    of_documents: dict[str, dict[str, Floats]] = {}
    for name, one in said.items():
        for score, pages in scores(one.outputs, reference).items():
            of_documents.setdefault(score, {})[name] = one.of_documents(pages)
    found = {}
    for score, by_channel in of_documents.items():
        unknown = np.concatenate([by_channel[name][one.unknown] for name, one in said.items()])
        known = by_channel["test"][~said["test"].unknown]
        truth = np.repeat([True, False], [len(unknown), len(known)])
        found[score] = float(roc_auc_score(truth, np.concatenate([unknown, known])))
    return found


def flagged(said: dict[str, Opinion]) -> tuple[float, float]:
    """Share called unlike the training pages: of the unknown documents, of the known of test."""
    validation = said["validation"]
    known = [
        document.rows
        for document, unknown in zip(validation.channel.documents, validation.unknown, strict=True)
        if not unknown
    ]
    rows = np.concatenate([np.asarray(each) for each in known])
    ends = np.cumsum([len(each) for each in known])
    documents = [range(end - len(each), end) for end, each in zip(ends, known, strict=True)]
    pages = known_pages(Evidence(validation.outputs.take(rows), None), documents)
    unlike = {}
    for name, one in said.items():
        seen = familiarity(pages, Evidence(one.outputs, None))
        unlike[name] = np.array([seen.unlike(each.rows) for each in one.channel.documents])
    caught = np.concatenate([unlike[name][one.unknown] for name, one in said.items()])
    return float(caught.mean()), float(unlike["test"][~said["test"].unknown].mean())


def table(channels: dict[str, Channel], hyperparameters: TextHyperparameters) -> Iterator[str]:
    """The lines of a Markdown table, a row for each class and one of means."""
    rows = []
    for label in channels["train"].classes:
        said = opinions(channels, label, hyperparameters)
        found = auroc(said, label)
        if not rows:
            yield f"| left out | documents | {' | '.join(found)} | called unlike | known ones |"
            yield "| --- |" + " --- |" * (len(found) + 3)
        documents = sum(one.unknown.sum() for one in said.values())
        rows.append([*found.values(), *flagged(said)])
        yield f"| {label} | {documents} | {_cells(rows[-1])} |"
    yield f"| mean | | {_cells(np.mean(rows, axis=0))} |"


def _cells(row: Sequence[float]) -> str:
    return " | ".join(f"{value:.2f}" for value in row)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    for name in ("train", "validation", "test"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="a channel")
    parser.add_argument("--seed", type=int, default=1, help="default %(default)s")
    arguments = parser.parse_args(argv)
    channels = {
        name: read_channel(getattr(arguments, name), name=name, labelled=True)
        for name in ("train", "validation", "test")
    }
    for line in table(channels, TextHyperparameters(seed=arguments.seed)):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
