"""A written artifact, loaded again, says of a few pages what the model in memory said of them.

Hashes tell that files are as they were written, not that they hold the model that was trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.job.artifact import read_manifest
from common.job.errors import AlgorithmError
from common.models.artifacts import load_ensemble
from common.models.image_cnn import ImageModel
from common.models.sequence import SequenceModel
from common.models.text import TextModel
from common.pages.bitmaps import BitmapCache
from common.pages.channel import Channel
from common.pages.examples import Examples
from common.pages.outputs import HELD_OUT, PageOutputs
from common.pages.page import PageKey

PAGES = 10
SAME = 1e-3  # difference of a probability; sums of floats depend on how many pages there are
ALIKE = 2e-2  # the same, between a GPU and a CPU


def base_outputs(model: TextModel | ImageModel, channel: Channel) -> PageOutputs:
    """What a base model says of a channel's pages."""
    if isinstance(model, TextModel):
        return model.outputs(channel, HELD_OUT)
    hp = model.hyperparameters
    with BitmapCache(hp.height, hp.width, hp.worker) as bitmaps:
        bitmaps.add(channel)
        return model.outputs(channel, HELD_OUT, bitmaps)


def rescore_base(model: TextModel | ImageModel, channel: Channel, said: PageOutputs) -> None:
    """Check a loaded base model against what was said of the channel before it was written.

    Raises:
        AlgorithmError: it says something else.
    """
    readable_first = np.argsort(~said.present, kind="stable")
    rows = np.sort(readable_first[:PAGES])
    few = channel.take(rows)
    _refuse_other_outputs(base_outputs(model, few), said.take(rows), SAME)


def rescore_ensemble(
    folder: Path, model: SequenceModel, validation: Examples, fingerprint: str
) -> None:
    """Load an ensemble and check all that is in it.

    The sequence model is asked about the evidence that it was chosen by, and the base models about
    the pages that their jobs judged.

    Args:
        model: the one in memory, which was written.
        fingerprint: of the channel validation. A base model whose job judged other pages, under
            the same names, is only asked.

    Raises:
        AlgorithmError: one of its models says something else.
    """
    ensemble = load_ensemble(folder)
    few = validation.take(np.arange(min(PAGES, len(validation.channel))))
    streams, keys = few.channel.streams, few.channel.keys
    pairs = zip(
        ensemble.sequence.posteriors(few.evidence, streams),
        model.posteriors(few.evidence, streams),
        streams,
        strict=True,
    )
    for found, expected, rows in pairs:
        of_stream = keys[rows.start : rows.stop]
        _refuse_other(found.class_probability, expected.class_probability, of_stream, SAME)
        _refuse_other(found.boundary, expected.boundary, of_stream, SAME)
    found_evidence = ensemble.evidence(few.channel)
    for outputs, said in zip(found_evidence.modalities, few.evidence.modalities, strict=True):
        judged = read_manifest(folder / said.kind, kind=said.kind).data["validation"]
        if judged == fingerprint:
            _refuse_other_outputs(outputs, said, ALIKE)


def _refuse_other_outputs(found: PageOutputs, expected: PageOutputs, tolerance: float) -> None:
    for name in ("probabilities", "first_page", "last_page"):
        _refuse_other(getattr(found, name), getattr(expected, name), expected.keys, tolerance)


def _refuse_other(
    found: NDArray, expected: NDArray, keys: Sequence[PageKey], tolerance: float
) -> None:
    """Compare probabilities, [pages, …]; one that is no number equals none."""
    difference = np.abs(found - expected).reshape(len(keys), -1).max(axis=1)
    other = np.flatnonzero(~(difference <= tolerance))
    if len(other):
        stream, page = keys[other[0]]
        raise AlgorithmError(
            "the artifact, loaded again, says something else than the model that was trained: of "
            f"page {page} of stream '{stream}' probabilities differ by {difference[other[0]]:.3g}. "
            "It was not kept. Start the job again; if it happens again, report it with the log."
        )
