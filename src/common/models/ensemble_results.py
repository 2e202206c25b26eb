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
from common.models.artifacts import (
    DECISION,
    copy_bases,
    manifest_of,
    save_model,
)
from common.models.rescoring import rescore_ensemble
from common.models.sequence import SequenceModel
from common.pages.base_models import BaseModels
from common.pages.training_channels import TrainingChannels
from common.training.history import History


def write_ensemble(
    job: Job[SequenceHyperparameters],
    model: SequenceModel,
    history: History,
    decision: Mapping[str, Any],
    channels: TrainingChannels,
    bases: BaseModels,
) -> None:
    """Write `text/`, `image/`, `sequence/` and one manifest over all of them."""

    def fill(folder: Path) -> None:
        copy_bases(bases.artifacts, folder)
        save_model(folder / "sequence", model, history)
        write_json(folder / "sequence" / DECISION, decision)

    def check(folder: Path) -> None:
        rescore_ensemble(folder, model, bases.validation, channels.validation.fingerprint)

    manifest = manifest_of(job, "ensemble", channels, history)
    write_artifact(job.folders.model, manifest, fill=fill, check=check)
    log.logger.info("ensemble %s", job.folders.model)
