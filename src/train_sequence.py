"""Train the sequence model: from what the base models say of pages to documents.

Reads the channels train and validation, and the channels text and image: what the base models'
jobs wrote. Either of the two may be absent. Writes the whole ensemble to the model folder: it
alone is what predict.py needs.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from common.job import log
from common.job.command import Job, run_job
from common.job.tables import SequenceHyperparameters
from common.models.base_results import print_epoch
from common.models.cross_validation import held_out_once
from common.models.ensemble_results import write_ensemble
from common.models.sequence import fit_sequence_model
from common.pages import base_models, training_channels
from common.pages.examples import together
from common.results.acceptance import Acceptance
from common.results.validation import HeldOut, known_pages_of, score_streams, threshold_for

CHANNELS = {**training_channels.CHANNELS, **base_models.CHANNELS}


def train(job: Job[SequenceHyperparameters]) -> None:
    hp = job.hyperparameters
    channels = training_channels.read_training_channels(job.folders)
    classes = channels.classes
    with tempfile.TemporaryDirectory(prefix="base-models-") as scratch:
        bases = base_models.read_base_models(job.folders, channels, Path(scratch))
        validation = bases.validation.channel
        model, history = fit_sequence_model(
            bases.train,
            bases.validation,
            classes,
            hp,
            score=lambda posteriors: score_streams(validation, classes, posteriors),
            report=print_epoch,
        )
        posteriors = model.posteriors(bases.validation.evidence, validation.streams)
        held_out: Iterable[HeldOut] = [(bases.validation, posteriors)]
        if hp.threshold_from == "cross-validation":
            held_out = held_out_once(together(bases.train, bases.validation), classes, hp)
        known = known_pages_of(bases.validation)
        threshold = threshold_for(
            held_out, classes, known, hp.target_precision, source=hp.threshold_from
        )
        log.logger.info("%s", threshold)
        decision = Acceptance(threshold, known).as_dict()
        write_ensemble(job, model, history, decision, channels, bases)


if __name__ == "__main__":
    sys.exit(run_job(train, SequenceHyperparameters, kind="ensemble", channels=CHANNELS))
