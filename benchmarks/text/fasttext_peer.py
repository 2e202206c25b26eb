"""fastText's supervised classifier: train on a channel, or tell the classes of one."""

from __future__ import annotations

import argparse

import fasttext
from benchmarks.text.predicting import begin, end, task_parser
from benchmarks.text.raw_pages import batches, plain_words, raw_pages

BUCKETS = 1 << 18  # of hashed n-grams: a tenth of the memory of the default, and no worse here
_PREFIX = "__label__"


def train(arguments: argparse.Namespace) -> None:
    print("started", flush=True)
    lines = arguments.model.with_suffix(".txt")
    with lines.open("w", encoding="utf-8") as file:
        for page in raw_pages(arguments.train):
            file.write(f"{_PREFIX}{page.label} {plain_words(page.text)}\n")
    model = fasttext.train_supervised(
        str(lines),
        epoch=arguments.epochs,
        lr=arguments.rate,
        dim=arguments.dimensions,
        wordNgrams=2,
        minn=3 if arguments.characters else 0,
        maxn=5 if arguments.characters else 0,
        bucket=BUCKETS,
        thread=arguments.threads,
        verbose=0,
    )
    model.save_model(str(arguments.model))
    lines.unlink()


def predict(arguments: argparse.Namespace) -> None:
    model = fasttext.load_model(str(arguments.model))
    begun = begin()
    labels: list[str] = []
    for batch in batches(plain_words(page.text) for page in raw_pages(arguments.predict)):
        told, _ = model.predict(batch)
        labels += (best[0].removeprefix(_PREFIX) if best else "" for best in told)
    end(begun, labels)


def main() -> None:
    parser = task_parser(__doc__)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rate", type=float, default=0.5)
    parser.add_argument("--dimensions", type=int, default=16)
    parser.add_argument("--characters", action="store_true", help="character 3- to 5-grams too")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    (train if arguments.train else predict)(arguments)


if __name__ == "__main__":
    main()
