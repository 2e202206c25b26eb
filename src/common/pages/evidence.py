"""What the sequence model sees: both base models' outputs, page by page and pair by pair.

A pair's features compare a page with the one before it, so they are made anew for every order of
pages: training puts documents together into streams that never were.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from common.pages.outputs import PageOutputs, join_page_outputs
from common.pages.page import PageKey

Rows = NDArray[np.intp]
Floats = NDArray[np.float32]
_ONE_FORMAT = 0.05  # of ln(height / width): more than scans are cropped by; A4 and Letter: .09
_SURE = 0.003  # probabilities are clipped here, so that one head cannot outvote all else


@dataclass(frozen=True)
class Evidence:
    """Page outputs of the base models on the same pages in the same order; one may be absent."""

    text: PageOutputs | None
    image: PageOutputs | None

    def __len__(self) -> int:
        return max(len(outputs) for outputs in (self.text, self.image) if outputs is not None)

    def take(self, rows: Rows) -> Evidence:
        """The evidence of the given pages, in that order."""
        text, image = (outputs and outputs.take(rows) for outputs in (self.text, self.image))
        return Evidence(text, image)

    def placed(self, rows: Rows, keys: Sequence[PageKey]) -> Evidence:
        """The evidence of the given pages, put where `keys` says."""
        text, image = (each and each.placed(rows, keys) for each in (self.text, self.image))
        return Evidence(text, image)

    @property
    def modalities(self) -> tuple[PageOutputs, ...]:
        return tuple(outputs for outputs in (self.text, self.image) if outputs is not None)


@dataclass(frozen=True)
class StreamFeatures:
    """One stream's input, float32.

    Shapes: features [pages, width]; alone [pages, …], those of them that tell how a page looks by
    itself, its class apart; class_votes [modalities, pages, classes], log-probabilities;
    boundary_votes [modalities, pages], the mean of the page's first-page logit and of the last-page
    logit of the page before; seen bool [modalities, pages]. A modality that a page lacks has zeros:
    no say.
    """

    features: Floats
    alone: Floats
    class_votes: Floats
    boundary_votes: Floats
    seen: NDArray[np.bool_]

    def with_context(self) -> Floats:
        """Features of each page, of the one before and of the one after, [pages, 3 · width + 1]."""
        nothing = np.zeros((1, self.features.shape[1]), dtype=np.float32)
        before = np.vstack([nothing, self.features[:-1]])
        after = np.vstack([self.features[1:], nothing])
        ends = np.zeros((len(self.features), 1), dtype=np.float32)
        ends[-1] = 1
        return np.hstack([self.features, before, after, ends])


def join_evidence(parts: Sequence[Evidence], keys: Sequence[PageKey]) -> Evidence:
    """The evidence of several channels, in the order of `keys`; all have the same modalities."""
    text, image = (
        join_page_outputs([outputs for outputs in of_kind if outputs], keys) if of_kind[0] else None
        for of_kind in ([part.text for part in parts], [part.image for part in parts])
    )
    return Evidence(text, image)


def stream_features(
    evidence: Evidence, rows: Rows, withheld: NDArray[np.bool_] | None = None
) -> StreamFeatures:
    """Features of a stream made of the given rows of the evidence, in that order.

    Args:
        withheld: bool [modalities, pages], what the model shall not see though it is there.
    """
    pairwise, alone, class_votes, boundary_votes, all_seen = [], [], [], [], []
    for index, outputs in enumerate(evidence.modalities):
        stream = outputs.take(rows)
        if withheld is not None:
            stream = replace(stream, present=stream.present & ~withheld[index])
        seen = stream.present
        pair_seen = np.r_[False, seen[1:] & seen[:-1]]
        first, last = _logit(stream.first_page) * seen, _logit(stream.last_page) * seen
        class_votes.append(_log_probabilities(stream) * seen[:, None])
        boundary_votes.append((first + np.r_[0, last[:-1]]) / 2)
        all_seen.append(seen)
        pairs = _PAIRS[outputs.kind](stream)
        alone.append(np.hstack([first[:, None], last[:, None], _form(stream) * seen[:, None]]))
        pairwise += [
            seen[:, None],
            pair_seen[:, None],
            np.vstack([np.zeros((1, pairs.shape[1])), pairs]) * pair_seen[:, None],
        ]
    begins = np.zeros((len(rows), 1))
    begins[0] = 1
    return StreamFeatures(
        np.hstack([begins, *alone, *class_votes, *pairwise]).astype(np.float32),
        np.hstack(alone).astype(np.float32),
        np.stack(class_votes).astype(np.float32),
        np.stack(boundary_votes).astype(np.float32),
        np.stack(all_seen),
    )


def _logit(probability: Floats) -> Floats:
    return logit(np.clip(probability, _SURE, 1 - _SURE))


def _log_probabilities(stream: PageOutputs) -> Floats:
    return np.log(np.clip(stream.probabilities, _SURE, 1))


def _form(stream: PageOutputs) -> Floats:
    """How each page looks, [pages, …]."""
    if stream.kind == "image":
        own = [stream.descriptors["margins"], stream.descriptors["ink"]]
    else:
        number, total, strength = stream.descriptors["number"].T.astype(np.float32)
        flags = (number == 1, number > 1, (number == total) & (total > 0), strength == 2)
        own = [np.stack(flags, axis=1), stream.descriptors["form"]]
    return np.hstack(own).astype(np.float32)


def _text_pairs(stream: PageOutputs) -> Floats:
    """Of each page and the one before it, [pages − 1, …]."""
    descriptors = stream.descriptors
    before, after = descriptors["number"][:-1].astype(int), descriptors["number"][1:].astype(int)
    known = (before[:, 2] > 0) & (after[:, 2] > 0)
    totals = (before[:, 1] > 0) & (after[:, 1] > 0)
    projection = descriptors["projection"].astype(np.float32)
    columns = [
        known,
        known & (after[:, 0] == before[:, 0] + 1),
        known & (after[:, 0] <= before[:, 0]),
        (after[:, 0] == 1),
        (before[:, 1] > 0) & (before[:, 0] == before[:, 1]),
        totals & (before[:, 1] == after[:, 1]),
        totals & (before[:, 1] != after[:, 1]),
        _shared_lines(descriptors["head"]),
        _shared_lines(descriptors["foot"]),
        (projection[1:] * projection[:-1]).sum(axis=1),
        _shared_rare(descriptors["rare"]),
        np.abs(np.diff(descriptors["form"].astype(np.float32), axis=0)).mean(axis=1),
        _hellinger(stream.probabilities),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _image_pairs(stream: PageOutputs) -> Floats:
    """Of each page and the one before it, [pages − 1, …].

    Embeddings are not compared: in training they are those of the folds' models, whose axes mean
    different things, and in prediction of one model.
    """
    thumbnail = stream.descriptors["thumbnail"].reshape(len(stream), -1).astype(np.float32)
    columns = [
        *_formats(stream.descriptors["aspect"].astype(np.float32), stream.present),
        _correlation(thumbnail),
        np.abs(np.diff(stream.descriptors["margins"].astype(np.float32), axis=0)).mean(axis=1),
        np.abs(np.diff(stream.descriptors["ink"].astype(np.float32), axis=0))[:, 0],
        _hellinger(stream.probabilities),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


_PAIRS: dict[str, Callable[[PageOutputs], Floats]] = {"text": _text_pairs, "image": _image_pairs}


def _shared_lines(hashes: NDArray[np.uint32]) -> Floats:
    """Share of outer lines that stand at the same place on the page before."""
    return ((hashes[1:] == hashes[:-1]) & (hashes[1:] != 0)).mean(axis=1)


def _shared_rare(rare: NDArray[np.int32]) -> Floats:
    """Share of rare words, of the page that has fewer, that stand on both pages."""
    both = np.sort(np.hstack([rare[:-1], rare[1:]]), axis=1)
    shared = ((both[:, 1:] == both[:, :-1]) & (both[:, 1:] >= 0)).sum(axis=1)
    own = (rare >= 0).sum(axis=1)
    return shared / np.maximum(np.minimum(own[1:], own[:-1]), 1)


def _formats(
    aspect: Floats, seen: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Has the page another format than the one before; the same, where the stream has several?

    A stream that one scanner made has one format, and that two of its pages have it says nothing.
    """
    other = np.abs(np.diff(aspect)) > _ONE_FORMAT
    known = aspect[seen]
    several = len(known) > 0 and np.ptp(known) > _ONE_FORMAT
    return other, ~other & several


def _correlation(vectors: Floats) -> Floats:
    """Pearson correlation of each row with the one before it; 0 where a row is constant."""
    centred = vectors - vectors.mean(axis=1, keepdims=True)
    unit = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
    return (unit[1:] * unit[:-1]).sum(axis=1)


def _hellinger(probabilities: Floats) -> Floats:
    """Hellinger distance of each page's class distribution from the one before it, in [0, 1]."""
    roots = np.sqrt(probabilities)
    return np.sqrt(np.square(np.diff(roots, axis=0)).sum(axis=1) / 2)
