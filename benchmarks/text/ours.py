"""This project's text model: tell the classes of a channel. `src/train_text.py` trains it."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.text.predicting import begin, end

from common.models.artifacts import load_text
from common.pages.channel import read_channel
from common.pages.outputs import HELD_OUT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--predict", type=Path, metavar="CHANNEL", required=True)
    parser.add_argument("--model", type=Path, required=True, help="the artifact's folder")
    arguments = parser.parse_args()
    model = load_text(arguments.model)
    begun = begin()
    outputs = model.outputs(read_channel(arguments.predict), HELD_OUT)
    end(begun, [model.classes[index] for index in outputs.probabilities.argmax(axis=1)])


if __name__ == "__main__":
    main()
