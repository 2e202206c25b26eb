"""What many classes and very long documents cost the whole sequence model.

PYTHONPATH=src:. .venv/bin/python -m benchmarks.sequence.long_documents

Trains each structure on made pages, as many with 10 classes and documents of one to nine pages as
with 90 classes and documents of 400 pages among them, each in a process of its own. Prints a
Markdown table: processor seconds of training, pages a second of decoding with all posteriors, and
the most memory beyond what the process had with its data.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from benchmarks.sequence.work import memory_in_mb
from numpy.typing import NDArray

from common.job.tables import SequenceHyperparameters
from common.models.sequence import fit_sequence_model
from common.pages.channel import Channel
from common.pages.evidence import Evidence
from common.pages.examples import Examples
from common.pages.outputs import OUT_OF_FOLD, page_outputs
from common.pages.page import Page
from common.pages.targets import targets_of
from common.results.validation import score_streams
from common.training.run import say_nothing

LONG = 400  # pages
IN_A_STREAM = 10  # documents


@dataclass(frozen=True)
class Corpus:
    """So many classes; documents of 1 to 9 pages, and `long` ones, in train and validation."""

    classes: int
    short: tuple[int, int]
    long: tuple[int, int]


CORPORA = (Corpus(10, (580, 170), (0, 0)), Corpus(90, (180, 90), (5, 1)))


def made_channel(name: str, corpus: Corpus, short: int, long: int) -> Channel:
    """Each class in turn."""
    rng = np.random.default_rng(len(name))
    lengths = rng.permutation(np.append(rng.integers(1, 10, short), np.full(long, LONG)))
    pages: list[Page] = []
    places: dict[str, int] = {}
    for document, length in enumerate(lengths.tolist()):
        stream = f"{name}-{document // IN_A_STREAM}"
        for _ in range(length):
            places[stream] = places.get(stream, 0) + 1
            pages.append(
                Page(
                    stream=stream,
                    page=places[stream],
                    content="",  # texts alike would be kept in one fold
                    document=str(document),
                    label=f"class {document % corpus.classes}",
                )
            )
    return Channel(name, Path("nowhere"), tuple(pages))


def made_examples(name: str, corpus: Corpus, short: int, long: int) -> Examples:
    """What an image model that is mostly right would say."""
    channel = made_channel(name, corpus, short, long)
    rng = np.random.default_rng(len(name))
    targets = targets_of(channel, classes_of(corpus))
    pages = len(channel)
    logits = rng.normal(0, 1, (pages, corpus.classes)) + 4 * np.eye(corpus.classes)[targets.label]
    ends = np.stack([targets.first_page, targets.last_page])
    first, last = 1 / (1 + np.exp(rng.normal(0, 1.5, (2, pages)) - 5 * (ends - 0.5)))
    outputs = page_outputs(
        channel,
        kind="image",
        how=OUT_OF_FOLD,
        classes=classes_of(corpus),
        present=np.full(pages, True),
        probabilities=np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True),
        first_page=first,
        last_page=last,
        embedding=rng.random((pages, 4)),
        descriptors=_descriptors(pages, rng),
    )
    return Examples(channel, Evidence(None, outputs))


def _descriptors(pages: int, rng: np.random.Generator) -> dict[str, NDArray]:
    return {
        "thumbnail": rng.integers(0, 255, (pages, 24, 18)).astype(np.uint8),
        "margins": rng.random((pages, 4)).astype(np.float16),
        "ink": rng.random((pages, 1)).astype(np.float16),
        "aspect": np.full(pages, 0.35, np.float16),
    }


def classes_of(corpus: Corpus) -> tuple[str, ...]:
    return tuple(f"class {number}" for number in range(corpus.classes))


def measure(structure: str, corpus: Corpus) -> dict[str, float]:
    """In this process, by its own time on processors."""
    train, validation = (
        made_examples(name, corpus, short, long)
        for name, short, long in zip(
            ("train", "validation"), corpus.short, corpus.long, strict=True
        )
    )
    classes = classes_of(corpus)
    resident, begun = memory_in_mb("VmRSS"), time.process_time()
    model, _ = fit_sequence_model(
        train,
        validation,
        classes,
        SequenceHyperparameters(structure=structure),
        score=lambda found: score_streams(validation.channel, classes, found),
        report=say_nothing,
    )
    trained = time.process_time()
    peak = memory_in_mb("VmHWM") - resident
    found = model.posteriors(validation.evidence, validation.channel.streams)
    return {
        "pages": len(train.channel),
        "training": trained - begun,
        "memory": peak,
        "decoding": len(validation.channel) / (time.process_time() - trained),
        "exact": score_streams(validation.channel, classes, found)["segment_f1_with_label"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--structures", nargs="+", default=["segmental", "chain"])
    parser.add_argument("--one", nargs=2, metavar=("STRUCTURE", "CORPUS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        structure, corpus = arguments.one
        print(json.dumps(measure(structure, CORPORA[int(corpus)])))
        return
    print("| structure | classes, longest | training pages | training, s | memory, MB ", end="")
    print("| decoding, pages/s | exact segments |\n| --- | --- | --- | --- | --- | --- | --- |")
    for structure in arguments.structures:
        for number, corpus in enumerate(CORPORA):
            command = [sys.executable, "-m", "benchmarks.sequence.long_documents"]
            done = subprocess.run(
                [*command, "--one", structure, str(number)],
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                stdout=subprocess.PIPE,
                check=True,
            )
            found = json.loads(done.stdout.splitlines()[-1])
            longest = LONG if corpus.long[0] else 9
            print(
                f"| {structure} | {corpus.classes}, {longest} | {found['pages']:,} "
                f"| {found['training']:.0f} | {found['memory']:.0f} | {found['decoding']:,.0f} "
                f"| {found['exact']:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
