"""Labels that look wrong: a text model that has not seen the document says something else of it.

Out-of-sample disagreement finds wrong labels because a model that has not learnt one by heart has
no reason to repeat it (Northcutt, Jiang and Chuang 2021, "Confident Learning").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from common.job.errors import ClientError
from common.job.log import progress
from common.job.tables import TextHyperparameters
from common.models.text import TextModel, fit_text_model
from common.models.token_votes import strongest
from common.pages.channel import Channel, Document
from common.pages.folds import assign_folds
from common.pages.outputs import OUT_OF_FOLD
from common.training.run import Run

FOLDS = 5
_CHOOSING = 5  # one in so many of a fold's training documents chooses the epoch, and calibrates
_WORDS, _VOTES = 3, 30  # that are told; of each page among which they are looked for
_LEAST = 1e-6  # probability, so that one page cannot outvote all others


@dataclass(frozen=True)
class DoubtfulLabel:
    """A document whose text speaks for another class than its label.

    `odds` is the mean over its pages of ln p(other) − ln p(label); `words` spoke most for `other`.
    """

    channel: str
    document: Document
    first_page: int
    last_page: int
    other: str
    odds: float
    words: tuple[str, ...]

    @property
    def probability(self) -> float:
        """Of `other`, if it is that or the label."""
        return 1 / (1 + float(np.exp(-self.odds)))


def doubtful_labels(channels: Sequence[Channel], seed: int = 0) -> list[DoubtfulLabel] | None:
    """Documents whose label the text contradicts, the most certain first.

    Labelled channels are looked at together. Nothing is said of a document without text, or whose
    class the model has met nowhere else.

    Returns:
        None where there are too few unrelated documents, or classes, to learn from.
    """
    labelled = [each for each in channels if all(page.label for page in each.pages)]
    texts = [replace(page, image=None) for channel in labelled for page in channel.pages]
    pool = Channel("all", Path(), tuple(texts))
    if len(pool.classes) < 2:
        return None
    of_row = [channel.name for channel in labelled for _ in channel.pages]
    try:
        fold = assign_folds(pool, FOLDS, seed, lambda page: page.has_text)
        found = [
            doubt
            for number in progress(range(FOLDS), what="models that check labels", unit="fold")
            for doubt in _of_fold(pool, of_row, fold, number, seed)
        ]
    except ClientError:  # no ground to judge by, which takes nothing from what else is known
        return None
    return sorted(found, key=lambda each: -each.odds)


def _of_fold(
    pool: Channel, of_row: Sequence[str], fold: np.ndarray, number: int, seed: int
) -> Iterator[DoubtfulLabel]:
    """What a model that has not seen a fold says of its documents."""
    model, known = _fitted(pool.take(np.flatnonzero(fold != number)), pool.classes, seed)
    rows = np.flatnonzero(fold == number)
    unseen = pool.take(rows)
    outputs = model.outputs(unseen, OUT_OF_FOLD)
    said = np.log(np.maximum(outputs.probabilities.astype(np.float64), _LEAST))
    for document in unseen.documents:
        own = np.asarray(document.rows)[outputs.present[document.rows]]
        if document.label not in known or not len(own):
            continue
        mean = said[own].mean(axis=0)
        other = int(mean.argmax())
        odds = float(mean[other] - mean[model.classes.index(document.label)])
        if odds > 0:
            pages = unseen.pages[document.rows.start : document.rows.stop]
            yield DoubtfulLabel(
                channel=of_row[rows[document.rows.start]],
                document=document,
                first_page=pages[0].page,
                last_page=pages[-1].page,
                other=model.classes[other],
                odds=odds,
                words=_words(model, unseen.take(own), model.classes[other]),
            )


def _fitted(seen: Channel, classes: Sequence[str], seed: int) -> tuple[TextModel, set[str]]:
    """A model, and the classes that it has met."""
    part = assign_folds(seen, _CHOOSING, seed, lambda page: page.has_text)
    train, validation = (seen.take(np.flatnonzero(rows)) for rows in (part != 0, part == 0))
    model, _ = fit_text_model(train, validation, classes, TextHyperparameters(seed=seed), Run())
    return model, set(train.classes)


def _words(model: TextModel, pages: Channel, label: str) -> tuple[str, ...]:
    """What spoke most for a label, words rather than parts of words."""
    of_pages = model.explain(pages, [label] * len(pages), _VOTES)
    votes = [vote for page in of_pages for vote in page]
    whole = [(word, vote) for word, vote in votes if "…" not in word]
    return tuple(word for word, _ in strongest(whole or votes, _WORDS))
