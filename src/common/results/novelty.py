"""How unlike the pages that the base models have learnt a page is.

A base model's energy of a page is −ln Σ exp(logit) over its classes: it is low where some class,
whichever, has much that speaks for it, and high where none has, as of pages of a class that was
never learnt (Liu et al., "Energy-based Out-of-distribution Detection", NeurIPS 2020). Two classes
that are hard to tell apart leave it low: that is doubt of another kind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.pages.evidence import Evidence
from common.pages.outputs import PageOutputs

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
FALSE_ALARMS = 0.05  # share of documents of known classes that may be called unlike all of them
NEVER = 1.01  # a limit that no novelty reaches
_POINTS = np.linspace(0, 1, 101)  # quantiles that are kept
_MOST = 0.99  # the novelty of the least familiar known page: what goes beyond it is at 1
_ENERGY = "energy"  # the descriptor; outputs of earlier versions have none
_FAINT = 0.001  # share of dark pixels below which a bitmap is blank


@dataclass(frozen=True)
class KnownPages:
    """What the base models think of pages of known classes that they have not learnt from.

    `energies`: quantiles by kind of model, ascending. From the novelty `limit` on a document is
    called unlike the training pages.
    """

    energies: Mapping[str, Sequence[float]]
    limit: float


@dataclass(frozen=True)
class Familiarity:
    """How much is known of some pages.

    Shapes: novelty [pages], the share of known pages that are less unlike those of training, the
    mean of what the models say that had something to read; blank bool [pages]. From `limit` on a
    document is called unlike the training pages.
    """

    novelty: Floats
    blank: Flags
    limit: float

    def of_document(self, rows: Sequence[int]) -> float:
        """The mean over a document's pages; blank ones have no say."""
        here = np.asarray(rows)
        written = self.novelty[here][~self.blank[here]]
        return float(written.mean()) if len(written) else 0.0

    def unlike(self, rows: Sequence[int]) -> bool:
        return self.of_document(rows) >= self.limit

    def has_blank(self, rows: Sequence[int]) -> bool:
        return bool(self.blank[np.asarray(rows)].any())

    def may_pass(self, rows: Sequence[int]) -> bool:
        """May a document of these pages be accepted, if it is sure enough?"""
        return not self.has_blank(rows) and not self.unlike(rows)


def unquestioned(pages: int) -> Familiarity:
    """Of pages that nobody asks about: all are known."""
    return Familiarity(np.zeros(pages), np.zeros(pages, dtype=bool), NEVER)


def familiarity(known: KnownPages, evidence: Evidence) -> Familiarity:
    """How much is known of the pages that the evidence is of."""
    total, voices = np.zeros(len(evidence)), np.zeros(len(evidence))
    for outputs in evidence.modalities:
        if outputs.kind in known.energies and _ENERGY in outputs.descriptors:
            quantiles = known.energies[outputs.kind]
            share = np.interp(_energy(outputs), quantiles, _POINTS * _MOST, right=1)
            total += np.where(outputs.present, share, 0)
            voices += outputs.present
    return Familiarity(total / np.maximum(voices, 1), blank_pages(evidence), known.limit)


def known_pages(evidence: Evidence, documents: Sequence[range]) -> KnownPages:
    """What pages of known classes look like.

    The limit is the smallest that documents like these reach in a share of FALSE_ALARMS or less
    (split conformal prediction, Vovk et al. 2005): NEVER where there are too few of them for any.

    Args:
        evidence: on pages of the classes that were learnt, but not these pages.
        documents: the rows of each.
    """
    quantiles = {
        outputs.kind: np.quantile(_energy(outputs)[outputs.present], _POINTS).tolist()
        for outputs in evidence.modalities
        if _ENERGY in outputs.descriptors and outputs.present.any()
    }
    without_limit = KnownPages(quantiles, NEVER)
    seen = familiarity(without_limit, evidence)
    found = sorted(seen.of_document(rows) for rows in documents)
    rank = math.ceil((len(found) + 1) * (1 - FALSE_ALARMS))
    if not quantiles or rank > len(found):
        return without_limit
    return KnownPages(quantiles, float(np.nextafter(found[rank - 1], 2)))


def _energy(outputs: PageOutputs) -> Floats:
    return outputs.descriptors[_ENERGY].astype(np.float64)


def blank_pages(evidence: Evidence) -> Flags:
    """Pages on which no base model has anything to read, [pages]: no text, and no ink."""
    legible = np.zeros(len(evidence), dtype=bool)
    for outputs in evidence.modalities:
        inked = outputs.descriptors["ink"][:, 0] > _FAINT if outputs.kind == "image" else True
        legible |= outputs.present & inked
    return ~legible
