"""What the sequence model's job leaves: the ensemble."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.job import log
from common.job.artifact import write_artifact
from common.job.command import Job
from common.job.files import write_json
from common.job.tables import SequenceHyperparameters
from common.models.artifacts import copy_bases, manifest_of, save_model
from common.models.rescoring import rescore_ensemble
from common.models.sequence import SequenceModel
from common.pages.base_models import BaseModels
from common.pages.training_channels import TrainingChannels
from common.training.history import History


def write_ensemble(
    job: Job[SequenceHyperparameters],
    model: SequenceModel,
    history: History,
    known: Mapping[str, Mapping[str, Any]],
    channels: TrainingChannels,
    bases: BaseModels,
) -> None:
    """Write `text/`, `image/`, `sequence/` and one manifest over all of them.

    Args:
        known: what the sequence model's folder holds besides the model, by name of the file.
    """

    def fill(folder: Path) -> None:
        copy_bases(bases.artifacts, folder)
        save_model(folder / "sequence", model, history)
        for name, content in known.items():
            write_json(folder / "sequence" / name, content)

    def check(folder: Path) -> None:
        rescore_ensemble(folder, model, bases.validation, channels.validation.fingerprint)

    manifest = manifest_of(job, "ensemble", channels, history)
    write_artifact(job.folders.model, manifest, fill=fill, check=check)
    log.logger.info("ensemble %s", job.folders.model)
