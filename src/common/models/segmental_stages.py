"""What the segmental model weighs: boundary scorer, document classifier, lengths.

Each is learnt by itself, from the documents of one set of pages put together anew several times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.job.tables import SequenceHyperparameters
from common.models.arrays import Arrays, arrays_of, below, part
from common.models.boundary_scorer import (
    BoundaryScorer,
    apart,
    fit_boundary_scorer,
    load_boundary_scorer,
    together,
)
from common.models.document_classifier import (
    DocumentClassifier,
    fit_document_classifier,
    load_document_classifier,
)
from common.models.length_table import LengthTable, fit_lengths
from common.models.segmental_paths import Truth, segments_of
from common.models.segmental_weights import Parts
from common.pages.evidence import StreamFeatures
from common.pages.examples import Examples, withholding
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
    documents: DocumentClassifier
    lengths: LengthTable

    def parts(self, streams: Sequence[StreamFeatures]) -> Parts:
        """What is said of some streams, side by side."""
        table = self.lengths.table
        limit, classes = table.shape
        lengths = np.array([len(stream.features) for stream in streams])
        boundary = np.zeros((len(streams), lengths.max()))
        document = np.zeros((*boundary.shape, limit, classes))
        voices = [self.boundaries.voices(stream) for stream in streams]
        deviation = np.zeros((*boundary.shape, voices[0].shape[1]))
        for row, stream in enumerate(streams):
            here = slice(lengths[row])
            boundary[row, here] = together(voices[row])
            deviation[row, here] = apart(voices[row])
            document[row, here] = self.documents.log_probabilities(stream, limit)
        return Parts(lengths, boundary, deviation, document, table, self.lengths.tail)

    def arrays(self) -> Arrays:
        return {
            **below("boundaries", self.boundaries.arrays()),
            **below("documents", self.documents.arrays()),
            **below("lengths", arrays_of(self.lengths)),
        }


def load_stages(arrays: Arrays) -> Stages:
    """The stages that `Stages.arrays` gave."""
    return Stages(
        load_boundary_scorer(part("boundaries", arrays)),
        load_document_classifier(part("documents", arrays)),
        LengthTable(**part("lengths", arrays)),
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


def fit_stages(streams: Streams, classes: int, hyperparameters: SequenceHyperparameters) -> Stages:
    """Learn all of them from the same streams."""
    documents = segments_of(streams.truths)
    return Stages(
        fit_boundary_scorer(
            streams.features,
            [starts for _, starts in streams.truths],
            copies=streams.copies,
            hyperparameters=hyperparameters,
        ),
        fit_document_classifier(
            streams.features,
            [segments_of([truth]) for truth in streams.truths],
            classes,
            copies=streams.copies,
            seed=hyperparameters.seed,
        ),
        fit_lengths(documents.pages, documents.label, limit=LIMIT, classes=classes),
    )
