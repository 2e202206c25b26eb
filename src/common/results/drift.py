"""Whether documents that are predicted are still like those of training.

The population stability index compares two histograms, with bins fixed by the first:
PSI = Σ (q − p) · ln(q / p), over the shares p of training and q of now (Siddiqi, "Credit Risk
Scorecards", 2006; it is Jeffreys' divergence of 1946). 0.1 and 0.25 are his limits of a moderate
and a large shift.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter
from scipy.stats import chi2

from common.pages.channel import Channel
from common.pages.text_quality import share_of_common_pairs
from common.results.segments import Segment, segment_of_pages

MODERATE, LARGE = 0.1, 0.25
_CHANCE = 0.01  # that documents of training itself go beyond what is called chance
_PRIOR = 0.5  # documents that each bin has from the start (Krichevsky and Trofimov 1981)
_MOST_BINS, _IN_A_BIN = 10, 10  # of numbers; documents of training that a bin has at the least
_MOST_READ = 2000  # documents whose text is looked at, evenly spread
NO_TEXT = "no text"

Floats = NDArray[np.float64]
Values = Sequence[str] | Floats


@dataclass(frozen=True)
class Histogram:
    """How many documents each bin holds.

    Bins are classes, or lie between `edges`, each of which is the lowest value of the bin after it.
    A last bin, if there is one more, is of documents without a value.
    """

    names: tuple[str, ...]
    edges: tuple[float, ...]
    documents: tuple[int, ...]

    def of(self, values: Values) -> tuple[int, ...]:
        """Other documents in the same bins."""
        if self.edges:
            numbers = np.asarray(values, dtype=np.float64)
            places = np.searchsorted(self.edges, numbers, side="right")
            places = np.where(np.isnan(numbers), len(self.edges) + 1, places)
            return tuple(np.bincount(places, minlength=len(self.names)).tolist())
        counts = Counter(values)
        return tuple(counts[name] for name in self.names)


Reference = Mapping[str, Histogram]
"""What training's documents look like, by what is looked at; see `reference_of`."""


@dataclass(frozen=True)
class Shift:
    """One thing that is looked at: its histogram in training, and what it is now.

    `chance` is the index that as many documents of training itself stay below in 99 of 100 cases.
    """

    training: Histogram
    documents: tuple[int, ...]
    psi: float
    chance: float

    @property
    def verdict(self) -> str:
        """none, moderate, large; or that there are too few documents to tell."""
        if self.psi <= self.chance:
            return "none" if self.chance < LARGE else "too few documents to tell"
        return "large" if self.psi >= LARGE else "moderate" if self.psi >= MODERATE else "none"

    def as_dict(self) -> dict[str, Any]:
        bins = zip(self.training.names, self.training.documents, self.documents, strict=True)
        return {
            "psi": self.psi,
            "chance": self.chance,
            "verdict": self.verdict,
            "bins": [{"bin": name, "training": before, "now": now} for name, before, now in bins],
        }


def reference_of(
    labelled: Sequence[Channel], held_out: Sequence[Segment], classes: Sequence[str]
) -> dict[str, Histogram]:
    """Histograms of what training knows.

    Args:
        labelled: channels whose documents tell the class mix and how well their text was read.
        held_out: what the ensemble says of pages that it has not learnt from.
    """
    labels = Counter(document.label for channel in labelled for document in channel.documents)
    documents = [
        "\n".join(channel.texts[row] for row in document.rows)
        for channel, document in _some(
            [(channel, document) for channel in labelled for document in channel.documents]
        )
    ]
    return {
        "label": Histogram(tuple(classes), (), tuple(labels[name] for name in classes)),
        "confidence": _histogram(np.array([each.confidence for each in held_out])),
        "novelty": _histogram(np.array([each.novelty for each in held_out])),
        "readability": _histogram(_readability(documents), lacking=NO_TEXT),
    }


def shifts_of(
    reference: Reference, channel: Channel, segments: Sequence[Segment]
) -> dict[str, Shift]:
    """How far the segments of a channel are from training.

    Raises:
        ValueError: the segments are not those of the channel's pages.
    """
    position = segment_of_pages(channel.keys, segments)
    documents = [
        "\n".join(channel.texts[row] for row in np.flatnonzero(position == number))
        for number in _some(range(len(segments)))
    ]
    seen: dict[str, Values] = {
        "label": [each.label for each in segments],
        "confidence": np.array([each.confidence for each in segments]),
        "novelty": np.array([each.novelty for each in segments]),
        "readability": _readability(documents),
    }
    return {name: _shift(reference[name], values) for name, values in seen.items()}


def _shift(training: Histogram, values: Values) -> Shift:
    now = training.of(values)
    return Shift(training, now, psi(training.documents, now), chance(training.documents, now))


def psi(training: Sequence[int], now: Sequence[int]) -> float:
    """The index of two histograms with the same bins.

    Each bin counts half a document more than it holds: the logarithm of an empty one's share would
    be infinite, and one document more or less in a bin of few should not decide.
    """
    p, q = _shares(training), _shares(now)
    return float(((q - p) * np.log(q / p)).sum())


def chance(training: Sequence[int], now: Sequence[int]) -> float:
    """The index that two samples of one distribution stay below in 99 of 100 cases.

    Without a shift PSI / (1/n + 1/m) of n and m documents follows χ² with a degree of freedom less
    than there are bins (Yurdakul and Naranjo, "Statistical properties of the population stability
    index", Journal of Risk Model Validation 14, 2020).
    """
    documents = 1 / max(sum(training), 1) + 1 / max(sum(now), 1)
    return float(chi2.isf(_CHANCE, max(len(training) - 1, 1)) * documents)


def _shares(counts: Sequence[int]) -> Floats:
    smooth = np.asarray(counts, dtype=np.float64) + _PRIOR
    return smooth / smooth.sum()


def _histogram(values: Floats, lacking: str | None = None) -> Histogram:
    """Bins with about as many documents each; `lacking` names one of those without a value."""
    known = values[~np.isnan(values)]
    bins = int(np.clip(len(known) // _IN_A_BIN, 2, _MOST_BINS))
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    edges = np.unique(np.quantile(known, inner)).tolist() if len(known) else [0.0]
    names = [f"< {edges[0]:.3g}", *(f"≥ {edge:.3g}" for edge in edges)]
    empty = Histogram((*names, *([lacking] if lacking else [])), tuple(edges), ())
    return Histogram(empty.names, empty.edges, empty.of(values))


def _readability(documents: Iterable[str]) -> Floats:
    """Share of common pairs of letters of each; NaN where that says nothing."""
    shares = map(share_of_common_pairs, documents)
    return np.array([np.nan if share is None else share for share in shares])


def _some(everything: Sequence[Any]) -> Iterator[Any]:
    rows = np.unique(np.linspace(0, len(everything) - 1, _MOST_READ).round().astype(np.intp))
    return (everything[row] for row in rows)


def as_json(reference: Reference) -> dict[str, Any]:
    """What `reference_from` takes back."""
    return {name: asdict(histogram) for name, histogram in reference.items()}


def reference_from(content: Mapping[str, Any]) -> Reference:
    """What `as_json` gave."""
    return TypeAdapter(dict[str, Histogram]).validate_python(content)
