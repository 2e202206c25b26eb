"""What every text encoder is: page texts in, heads out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from common.models.token_votes import Votes
from common.pages.ngrams import count_matrix
from common.pages.targets import Targets

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
        """N-grams of at most `SURVEYED` pages, evenly spread: enough to choose and weigh by."""
        rows = np.unique(np.linspace(0, len(self.texts) - 1, SURVEYED).round().astype(np.intp))
        counts = count_matrix(self.texts[row] for row in rows)
        return Survey(counts, self.targets.take(rows))


@dataclass(frozen=True)
class Survey:
    """counts float32 [surveyed pages, BUCKETS] and the targets of the same pages."""

    counts: sparse.csr_matrix
    targets: Targets


class TextEncoder(Protocol):
    """A trained encoder.

    Its module has `fit(train, validation, classes, hyperparameters, run)`, which returns it with
    its history, and `load(folder, classes, hyperparameters)`, which needs no more than the folder.
    """

    def forward(self, texts: Sequence[str]) -> Heads: ...

    def explain(self, text: str, label: int, k: int) -> Votes: ...

    def save(self, folder: Path) -> None: ...
