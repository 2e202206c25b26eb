"""python-crfsuite on the same features: no LSTM, tags class × {first, continuation}.

It trains by L-BFGS over all streams; a step is one of its iterations.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pycrfsuite
from benchmarks.sequence.work import make_work, setting_of, take_turns

ITERATIONS = 5  # of a training; reading the streams in is not counted


def main() -> None:
    setting = setting_of(sys.argv[1:])
    work = make_work(setting)
    inputs = [
        pycrfsuite.ItemSequence(
            [{str(place): float(value) for place, value in enumerate(page)} for page in stream]
        )
        for stream in work.features
    ]
    tags = [
        [f"{label}{'first' if start else ''}" for label, start in zip(*stream, strict=True)]
        for stream in zip(work.labels, work.starts, strict=True)
    ]
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.select("lbfgs")
    trainer.set_params({"max_iterations": ITERATIONS, "c2": 1.0})
    for stream, own in zip(inputs, tags, strict=True):
        trainer.append(stream, own)
    with tempfile.TemporaryDirectory() as scratch:
        model = str(Path(scratch) / "model")
        trainer.train(model)
        tagger = pycrfsuite.Tagger()
        tagger.open(model)

        def decode() -> None:
            for stream in inputs:
                tagger.tag(stream)

        # It has no way to decode several at once.
        take_turns(
            {"train": lambda: trainer.train(model), "decode": decode, "together": decode}, list
        )


if __name__ == "__main__":
    main()
