"""Train the sequence model: from what the base models say of pages to documents.

Reads the channels train and validation, and the channels text and image: what the base models'
jobs wrote. Either of the two may be absent. Writes the whole ensemble to the model folder: it
alone is what predict.py needs.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from common.job import log
from common.job.command import Job, run_job
from common.job.tables import SequenceHyperparameters
from common.models.base_results import print_epoch
from common.models.ensemble_results import write_ensemble
from common.models.sequence import fit_sequence_model
from common.pages import base_models, training_channels
from common.results.validation import acceptance_for, score_streams

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
        acceptance = acceptance_for(bases.validation, classes, posteriors, hp.target_precision)
        log.logger.info("%s", acceptance.threshold)
        write_ensemble(job, model, history, acceptance.as_dict(), channels, bases)


if __name__ == "__main__":
    sys.exit(run_job(train, SequenceHyperparameters, kind="ensemble", channels=CHANNELS))
