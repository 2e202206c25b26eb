"""This project's text model: tell the classes of a channel. `src/train_text.py` trains it."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.text.predicting import begin, end

from common.models.artifacts import load_text
from common.models.heads import opinions_of
from common.pages.channel import read_channel

AT_A_TIME = 4096  # pages, as the model itself judges them


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--predict", type=Path, metavar="CHANNEL", required=True)
    parser.add_argument("--model", type=Path, required=True, help="the artifact's folder")
    arguments = parser.parse_args()
    model = load_text(arguments.model)
    begun = begin()
    texts = read_channel(arguments.predict).texts
    told: list[str] = []
    for start in range(0, len(texts), AT_A_TIME):
        heads = model.encoder.forward(list(texts[start : start + AT_A_TIME]))[1]
        told += [model.classes[place] for place in opinions_of(heads).probabilities.argmax(axis=1)]
    end(begun, told)


if __name__ == "__main__":
    main()
