"""Train the sequence model: from what the base models say of pages to documents.

Reads the channels train and validation, and the channels text and image: what the base models'
jobs wrote. Either of the two may be absent. Writes the whole ensemble to the model folder: it
alone is what predict.py needs. The log, and report.html in the output folder, say whether the
model beats its parts: on the pages of the channel test, or else on those of validation.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from common.job import log
from common.job.command import Job, run_job
from common.job.tables import SequenceHyperparameters
from common.models.artifacts import DECISION, REFERENCE
from common.models.base_results import print_epoch
from common.models.cross_validation import held_out_once
from common.models.ensemble_results import write_ensemble
from common.models.sequence import SequenceModel, fit_linear_chain, fit_sequence_model
from common.pages import base_models, training_channels
from common.pages.base_models import BaseModels
from common.pages.examples import together
from common.results.acceptance import Acceptance
from common.results.decisions import decided, predictions_of
from common.results.drift import Reference, as_json, reference_of
from common.results.history import read_histories
from common.results.job_report import write_job_report
from common.results.novelty import familiarity
from common.results.predictions import Predictions
from common.results.systems import CHAIN
from common.results.threshold import NOTHING
from common.results.validation import HeldOut, known_pages_of, score_streams, threshold_for

CHANNELS = {**training_channels.CHANNELS, **base_models.CHANNELS}


def train(job: Job[SequenceHyperparameters]) -> None:
    hp = job.hyperparameters
    channels = training_channels.read_training_channels(job.folders)
    classes = channels.classes
    with tempfile.TemporaryDirectory(prefix="base-models-") as scratch:
        bases = base_models.read_base_models(job.folders, channels, Path(scratch))
        model, history = fit_sequence_model(
            bases.train,
            bases.validation,
            classes,
            hp,
            score=partial(score_streams, bases.validation.channel, classes),
            report=print_epoch,
        )
        held_out = list(judged_unseen(bases, model, hp))
        decision = decide(bases, held_out, model, hp)
        log.logger.info("%s", decision.threshold)
        reference = look_of_training(bases, held_out, model, decision)
        known = {DECISION: decision.as_dict(), REFERENCE: as_json(reference)}
        write_ensemble(job, model, history, known, channels, bases)
        if hp.compare:
            compare(job, bases, model, decision)


def judged_unseen(
    bases: BaseModels, model: SequenceModel, hp: SequenceHyperparameters
) -> Iterable[HeldOut]:
    """Pages that nothing was learnt from, and what is said of them."""
    if hp.threshold_from == "cross-validation":
        return held_out_once(
            together(bases.train, bases.validation),
            model.classes,
            hp,
            score=lambda channel, found: score_streams(channel, model.classes, found),
        )
    evidence, streams = bases.validation.evidence, bases.validation.channel.streams
    return [(bases.validation, model.posteriors(evidence, streams))]


def decide(
    bases: BaseModels,
    held_out: Iterable[HeldOut],
    model: SequenceModel,
    hp: SequenceHyperparameters,
) -> Acceptance:
    """What the model may accept."""
    known = known_pages_of(bases.validation)
    threshold = threshold_for(
        held_out, model.classes, known, hp.target_precision, source=hp.threshold_from
    )
    return Acceptance(threshold, known)


def look_of_training(
    bases: BaseModels, held_out: Iterable[HeldOut], model: SequenceModel, decision: Acceptance
) -> Reference:
    """What a batch of predictions may be compared with later."""
    said = [
        decided(one.channel, model.classes, one.evidence, posteriors, decision)
        for one, posteriors in held_out
    ]
    return reference_of(
        [bases.train.channel, bases.validation.channel],
        [segment for predictions in said for segment in predictions.segments],
        model.classes,
    )


def compare(
    job: Job[SequenceHyperparameters], bases: BaseModels, model: SequenceModel, decision: Acceptance
) -> None:
    """Say whether the model beats its parts and the linear chain, on pages held out."""
    hp = job.hyperparameters
    held_out = bases.test or bases.validation
    seen = familiarity(decision.known_pages, held_out.evidence)

    def said(by: SequenceModel, threshold: float) -> Predictions:
        posteriors = by.posteriors(held_out.evidence, held_out.channel.streams)
        return predictions_of(held_out.channel, by.classes, posteriors, threshold, seen)

    others = {}
    if hp.structure == "segmental":
        score = partial(score_streams, bases.validation.channel, model.classes)
        chain = fit_linear_chain(bases.train, bases.validation, model.classes, hp, score=score)
        others[CHAIN] = said(chain, NOTHING)
    sentences = write_job_report(
        job.folders.output_data,
        held_out,
        said(model, decision.threshold.threshold),
        others,
        target_precision=hp.target_precision,
        histories=read_histories(job.folders.model),
    )
    for sentence in sentences:
        log.logger.info("%s: %s", held_out.channel.name, sentence)


if __name__ == "__main__":
    sys.exit(run_job(train, SequenceHyperparameters, kind="ensemble", channels=CHANNELS))
