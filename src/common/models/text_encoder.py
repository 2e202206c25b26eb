"""What every text encoder is: page texts in, heads out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from common.models.token_votes import Votes
from common.pages.feature_selection import worth_of_features
from common.pages.ngrams import count_matrix
from common.pages.targets import Targets
from common.pages.text_descriptor import inverse_document_frequency

SURVEYED = 5000

Heads = tuple[NDArray[np.float32], NDArray[np.float32]]
"""(embedding [pages, width], heads [pages, classes + 2]); see `heads.py`."""


@dataclass(frozen=True)
class TextExamples:
    """Page texts and what is to be said of each."""

    texts: Sequence[str]
    targets: Targets

    @cached_property
    def survey(self) -> Survey:
        """Of at most `SURVEYED` pages, evenly spread: enough to choose and weigh n-grams by."""
        rows = np.unique(np.linspace(0, len(self.texts) - 1, SURVEYED).round().astype(np.intp))
        counts = count_matrix(self.texts[row] for row in rows)
        worth = worth_of_features(counts, self.targets.take(rows))
        return Survey(inverse_document_frequency(counts), worth)


@dataclass(frozen=True)
class Survey:
    """What pages tell of each n-gram: idf float32 [BUCKETS], worth float64 [BUCKETS]."""

    idf: NDArray[np.float32]
    worth: NDArray[np.float64]


class TextEncoder(Protocol):
    """A trained encoder.

    Its module has `fit(train, validation, classes, hyperparameters, run)`, which returns it with
    its history, and `load(folder, classes, hyperparameters)`, which needs no more than the folder
    and the number of the classes. What the first starts from, `run.pretrained.earlier`, is an
    encoder that the second made.
    """

    def forward(self, texts: Sequence[str]) -> Heads: ...

    def explain(self, text: str, label: int, k: int) -> Votes: ...

    def save(self, folder: Path) -> None: ...
