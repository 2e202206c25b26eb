"""The sequence model: what the base models say of pages, to documents.

`structure` chooses: `segmental` scores whole documents, `chain` page after page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from common.job.tables import SequenceHyperparameters
from common.models.chain_model import ChainModel, fit_chain_model, load_chain_model
from common.models.segmental_model import (
    SegmentalModel,
    fit_segmental_model,
    load_segmental_model,
)
from common.pages.examples import Examples
from common.pages.posteriors import StreamPosteriors
from common.training.history import History, Report, Scores
from common.training.run import say_nothing

SequenceModel = ChainModel | SegmentalModel


def fit_sequence_model(
    train: Examples,
    validation: Examples,
    classes: Sequence[str],
    hyperparameters: SequenceHyperparameters,
    *,
    score: Callable[[list[StreamPosteriors]], Scores],
    report: Report,
) -> tuple[SequenceModel, History]:
    """Train the structure that was asked for.

    Args:
        score: rates the segmentation of validation's streams, for the log and the history.
    """
    fit = fit_chain_model if hyperparameters.structure == "chain" else fit_segmental_model
    return fit(train, validation, classes, hyperparameters, score=score, report=report)


def fit_linear_chain(
    train: Examples,
    validation: Examples,
    classes: Sequence[str],
    hyperparameters: SequenceHyperparameters,
    *,
    score: Callable[[list[StreamPosteriors]], Scores],
) -> SequenceModel:
    """The simple alternative, to be compared with: with an LSTM, which makes it the better one."""
    chain = hyperparameters.model_copy(update={"structure": "chain", "encoder": "lstm"})
    model, _ = fit_chain_model(train, validation, classes, chain, score=score, report=say_nothing)
    return model


def load_sequence_model(
    folder: Path, classes: Sequence[str], hyperparameters: SequenceHyperparameters
) -> SequenceModel:
    """Load what the model's `save` wrote."""
    load = load_chain_model if hyperparameters.structure == "chain" else load_segmental_model
    return load(folder, classes, hyperparameters)
