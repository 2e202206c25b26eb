"""The confidence from which segments are accepted, and what may be promised of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from common.results.ranking import by_confidence

NOTHING = 1.01  # a threshold that no confidence reaches
_ALPHA = 0.05  # chance that a promise is broken


@dataclass(frozen=True)
class Threshold:
    """The confidence from which segments are accepted, and what it rests on.

    `precision` was reached on the `accepted` of `segments` segments held out, from `source`. What
    is promised is `target_precision`.
    """

    threshold: float
    target_precision: float
    segments: int
    accepted: int
    precision: float
    source: str = "validation"

    def __str__(self) -> str:
        if self.accepted:
            return (
                f"accepted from confidence {self.threshold:.3f}: {self.accepted} of "
                f"{self.segments} segments of {self.source}, {self.precision:.3f} of them right, "
                f"which promises {self.target_precision:g} (with 95 % confidence)"
            )
        nothing = f"nothing is accepted: target_precision is {self.target_precision:g}, and "
        if self.target_precision == 1:
            return nothing + "no number of segments can promise that. Set it lower"
        needed = math.ceil(math.log(_ALPHA) / math.log(self.target_precision))
        if needed > self.segments:
            most = math.floor(100 * _ALPHA ** (1 / self.segments)) / 100
            return nothing + (
                f"to promise that takes {needed} segments of {self.source} without a fault; "
                f"there are {self.segments}. Give more, or set it to {most:g} or lower"
            )
        return nothing + (
            f"too many of the surest of the {self.segments} segments of {self.source} are wrong. "
            "Give more, or set it lower"
        )


def choose_threshold(
    confidence: NDArray[np.float64],
    right: NDArray[np.bool_],
    target_precision: float,
    *,
    source: str = "validation",
) -> Threshold:
    """The threshold to accept from: in 95 of 100 validation sets it keeps the target precision.

    Thresholds are tried from strict to lenient, each by the exact binomial test that the precision
    above it is below the target, until one fails: fixed-sequence testing, as in Learn then Test
    (Angelopoulos et al. 2021). Where it starts does not depend on what is right, so that one
    promise holds for all thresholds together, and all that the segments have to be is
    drawn independently, and the surer ones no more often wrong.
    """
    segments = len(confidence)
    order, ends = by_confidence(confidence)
    hits, taken = np.cumsum(right[order]), np.arange(1, segments + 1)
    tried = np.flatnonzero(ends & (taken >= _fewest(segments, target_precision)))
    passed = binom.sf(hits[tried] - 1, taken[tried], target_precision) <= _ALPHA
    if not passed[:1].any():
        return Threshold(NOTHING, target_precision, segments, 0, 0.0, source)
    last = tried[np.cumprod(passed).sum() - 1]
    return Threshold(
        threshold=float(confidence[order][last]),
        target_precision=target_precision,
        segments=segments,
        accepted=int(taken[last]),
        precision=float(hits[last] / taken[last]),
        source=source,
    )


def _fewest(segments: int, target_precision: float) -> float:
    """How many segments the strictest threshold that is tried accepts.

    As few as forgive the faults that half of all segments would, or none where half are too few
    for any: then one fault among the surest does not end it all. Infinite if nothing suffices.
    """
    half = (segments + 1) // 2
    fault = 1 - target_precision
    allowed = (binom.cdf(np.arange(half + 1), half, fault) <= _ALPHA).sum() - 1
    counts = np.arange(1, segments + 1)
    able = counts[binom.cdf(max(allowed, 0), counts, fault) <= _ALPHA]
    return able[0] if len(able) else np.inf
