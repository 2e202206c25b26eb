"""What the segmental model weighs: boundary scorer, class evidence, classifier, lengths.

Each is learnt by itself, from the documents of one set of pages put together anew several times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.models.boundary_scorer import (
    BoundaryScorer,
    fit_boundary_scorer,
    load_boundary_scorer,
)
from common.models.document_classifier import (
    DocumentClassifier,
    fit_document_classifier,
    load_document_classifier,
)
from common.models.examples import Examples, withholding
from common.models.length_table import LengthTable, fit_lengths
from common.models.page_classifier import (
    PageClassifier,
    fit_page_classifier,
    load_page_classifier,
    pooled,
)
from common.models.segmental_paths import Truth, segments_of
from common.models.segmental_weights import Floats, Parts
from common.models.trees import Arrays
from common.pages.evidence import StreamFeatures
from common.pages.recombination import LabelledStream, recombined_streams

LIMIT = 32  # pages: longer documents share one geometric tail


@dataclass(frozen=True)
class Streams:
    """Labelled streams and their features; each document comes `copies` times."""

    features: list[StreamFeatures]
    truths: list[Truth]
    copies: int


@dataclass(frozen=True)
class Stages:
    """What was learnt of boundaries, classes and lengths."""

    boundaries: BoundaryScorer
    pages: PageClassifier
    documents: DocumentClassifier
    lengths: LengthTable

    def parts(self, streams: Sequence[StreamFeatures]) -> Parts:
        """What is said of some streams, side by side."""
        table = self.lengths.table
        limit, classes = table.shape
        lengths = np.array([len(stream.features) for stream in streams])
        pages, kinds = lengths.max(), len(_votes(streams[0]))
        boundary = np.zeros((len(streams), pages))
        votes = np.zeros((kinds + 1, len(streams), pages, classes))
        document = np.zeros((2, len(streams), pages, limit, classes))
        for row, stream in enumerate(streams):
            here = slice(lengths[row])
            in_context = self.pages.log_probabilities(stream)
            boundary[row, here] = self.boundaries.logits(stream)
            votes[:kinds, row, here], votes[kinds, row, here] = _votes(stream), in_context
            document[0, row, here] = self.documents.log_probabilities(stream, limit)
            document[1, row, here] = pooled(in_context, limit)
        return Parts(lengths, boundary, votes, document, table, self.lengths.tail)

    def arrays(self) -> Arrays:
        parts = {
            "boundaries": self.boundaries.arrays(),
            "pages": self.pages.arrays(),
            "documents": self.documents.arrays(),
            "lengths": {"table": self.lengths.table, "tail": self.lengths.tail},
        }
        return {f"{part}/{n}": array for part, own in parts.items() for n, array in own.items()}


def load_stages(arrays: Arrays) -> Stages:
    """The stages that `Stages.arrays` gave."""

    def below(part: str) -> Arrays:
        start = f"{part}/"
        return {n.removeprefix(start): array for n, array in arrays.items() if n.startswith(start)}

    return Stages(
        load_boundary_scorer(below("boundaries")),
        load_page_classifier(below("pages")),
        load_document_classifier(below("documents")),
        LengthTable(**below("lengths")),
    )


def put_together(
    examples: Examples,
    classes: Sequence[str],
    *,
    sizes: Sequence[int],
    times: int,
    withheld: float,
    rng: np.random.Generator,
) -> Streams:
    """The documents in random order, several times.

    Args:
        sizes: documents of a stream, to be drawn from.
        withheld: share of the pages whose text, or bitmap, is withheld; none is the first time.
    """
    streams: list[LabelledStream] = []
    features: list[StreamFeatures] = []
    for time in range(times):
        share = withheld if time else 0.0
        anew = recombined_streams(examples.channel, classes, rng, sizes)
        streams += anew
        features += [withholding(examples.evidence, stream, share, rng) for stream in anew]
    return Streams(features, [(stream.labels, stream.starts) for stream in streams], times)


def fit_stages(streams: Streams, classes: int, *, seed: int) -> Stages:
    """Learn all of them from the same streams."""
    documents = segments_of(streams.truths)
    return Stages(
        fit_boundary_scorer(streams.features, [starts for _, starts in streams.truths], seed=seed),
        fit_page_classifier(
            streams.features,
            [labels for labels, _ in streams.truths],
            classes,
            copies=streams.copies,
            seed=seed,
        ),
        fit_document_classifier(
            streams.features,
            [segments_of([truth]) for truth in streams.truths],
            classes,
            copies=streams.copies,
        ),
        fit_lengths(documents.pages, documents.label, limit=LIMIT, classes=classes),
    )


def _votes(stream: StreamFeatures) -> Floats:
    """Log-probabilities by kind, [kinds, pages, classes]: who alone saw the page, who with others.

    A model that is alone is worth more than one that says what another says too.
    """
    several = stream.seen.sum(axis=0) > 1
    votes = stream.class_votes.astype(np.float64)
    if len(votes) == 1:
        return votes
    alone = ~several[:, None]
    return np.concatenate([votes * alone, votes * several[:, None]])
