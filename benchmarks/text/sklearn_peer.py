"""scikit-learn's text classifiers: train on a channel, or tell the classes of one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import joblib
import numpy as np
from benchmarks.text.predicting import begin, end, task_parser
from benchmarks.text.raw_pages import batches, plain_words, raw_pages
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import Pipeline, make_pipeline, make_union

_COLUMNS = 1 << 18
_WORDS = {"ngram_range": (1, 2)}
_CHARACTERS = {"analyzer": "char_wb", "ngram_range": (3, 5)}


def tfidf_logistic(characters: bool) -> Pipeline:
    """A vocabulary of what occurs twice, tf-idf, logistic regression."""
    kinds = (_WORDS, _CHARACTERS) if characters else (_WORDS,)
    common = {"min_df": 2, "sublinear_tf": True, "dtype": np.float32, "lowercase": False}
    features = make_union(*(TfidfVectorizer(**kind, **common) for kind in kinds))
    return make_pipeline(features, LogisticRegression(C=10, max_iter=200))


def hashing_sgd(characters: bool) -> Pipeline:
    """Hashed n-grams, tf-idf, logistic loss by stochastic gradient descent."""
    kinds = (_WORDS, _CHARACTERS) if characters else (_WORDS,)
    common = {
        "n_features": _COLUMNS,
        "alternate_sign": False,
        "norm": None,
        "dtype": np.float32,
        "lowercase": False,
    }
    features = make_union(*(HashingVectorizer(**kind, **common) for kind in kinds))
    classifier = SGDClassifier(loss="log_loss", alpha=1e-5, random_state=1)
    return make_pipeline(features, TfidfTransformer(sublinear_tf=True), classifier)


PIPELINES = {"tfidf-logistic": tfidf_logistic, "hashing-sgd": hashing_sgd}


class ChannelTexts:
    """The texts of a channel, read from disk as often as somebody goes through them."""

    def __init__(self, channel: Path) -> None:
        self.channel = channel

    def __iter__(self) -> Iterator[str]:
        return (plain_words(page.text) for page in raw_pages(self.channel))


def fitted(pipeline: Pipeline, channel: Path) -> BaseEstimator:
    return pipeline.fit(ChannelTexts(channel), [page.label for page in raw_pages(channel)])


def classes_of(pipeline: BaseEstimator, channel: Path) -> list[str]:
    labels: list[str] = []
    for batch in batches(ChannelTexts(channel)):
        labels += pipeline.predict(batch).tolist()
    return labels


def main() -> None:
    parser = task_parser(__doc__)
    parser.add_argument("--pipeline", choices=PIPELINES, default="hashing-sgd")
    parser.add_argument("--characters", action="store_true", help="character 3- to 5-grams too")
    arguments = parser.parse_args()
    if arguments.train:
        print("started", flush=True)
        pipeline = fitted(PIPELINES[arguments.pipeline](arguments.characters), arguments.train)
        joblib.dump(pipeline, arguments.model)
    else:
        pipeline = joblib.load(arguments.model)
        begun = begin()
        end(begun, classes_of(pipeline, arguments.predict))


if __name__ == "__main__":
    main()
