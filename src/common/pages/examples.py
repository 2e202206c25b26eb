"""What a sequence model learns from: labelled pages, and what the base models say of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from common.pages.channel import Channel
from common.pages.evidence import Evidence, StreamFeatures, join_evidence, stream_features
from common.pages.recombination import LabelledStream


@dataclass(frozen=True)
class Examples:
    """A labelled channel, and what the base models say of its pages."""

    channel: Channel
    evidence: Evidence

    def take(self, rows: NDArray[np.intp]) -> Examples:
        """The given pages alone."""
        return Examples(self.channel.take(rows), self.evidence.take(rows))


def together(one: Examples, other: Examples) -> Examples:
    """The pages of both; bitmaps are looked for in the folder of the first."""
    channel = replace(one.channel, pages=one.channel.pages + other.channel.pages)
    return Examples(channel, join_evidence([one.evidence, other.evidence], channel.keys))


def withholding(
    evidence: Evidence, stream: LabelledStream, share: float, rng: np.random.Generator
) -> StreamFeatures:
    """A stream's features, text or bitmap of some pages withheld: a model learns to do without.

    Of several modalities, each is withheld from the whole stream as often as from a page: streams
    that were never scanned, or never read, are as real as single pages without.
    """
    modalities = len(evidence.modalities)
    withheld = rng.random((modalities, len(stream.rows))) < share
    whole = int(rng.random() / share) if share else modalities
    if modalities > 1 and whole < modalities:
        withheld[whole] = True
    return stream_features(evidence, stream.rows, withheld)
