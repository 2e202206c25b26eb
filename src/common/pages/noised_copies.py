"""Training pages, some of them also as poor OCR would have read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.pages.ocr_noise import add_noise

NOISED = 5000  # pages at most, evenly spread, that have such a copy


@dataclass(frozen=True)
class NoisedCopies:
    """`texts` are the pages, and behind them copies of the pages `copied`, intp [copies]."""

    texts: list[str]
    copied: NDArray[np.intp]

    @property
    def pages(self) -> int:
        return len(self.texts) - len(self.copied)

    def choose(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """Where in `texts` each page is read in an epoch: as it is or, by chance, its copy."""
        place = np.arange(self.pages)
        chosen = np.flatnonzero(rng.random(len(self.copied)) < 0.5)
        place[self.copied[chosen]] = self.pages + chosen
        return place

    def page_of(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """The pages that stand at places in `texts`."""
        return np.r_[np.arange(self.pages), self.copied][places]


def with_noised_copies(texts: Sequence[str], noise: float, seed: int) -> NoisedCopies:
    """Copy pages with character error rates between 0 and `noise`; 0 makes no copies."""
    rng = np.random.default_rng(seed)
    spread = np.linspace(0, len(texts) - 1, NOISED if noise else 0).round().astype(np.intp)
    copied = np.unique(spread)
    copies = [add_noise(texts[row], rng.uniform(0, noise), rng) for row in copied]
    return NoisedCopies([*texts, *copies], copied)
