"""What the base models' jobs left for the sequence job: artifacts, and outputs of every page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.job.archives import JobResults, open_results
from common.job.artifact import read_manifest
from common.job.errors import ClientError
from common.job.folders import Folders
from common.job.log import logger
from common.pages.alignment import align
from common.pages.channel import Channel
from common.pages.evidence import Evidence
from common.pages.examples import Examples
from common.pages.outputs import HELD_OUT, OUT_OF_FOLD, PAGE_OUTPUTS, read_page_outputs
from common.pages.training_channels import TrainingChannels

CHANNELS = {
    "text": "the text model's job: model.tar.gz and output.tar.gz, or model/ and output/",
    "image": "the same of the image model's job",
}
_FEWEST = 4  # streams that can be halved


@dataclass(frozen=True)
class BaseModels:
    """Folders of the base artifacts by kind, what to learn from, and what to choose by.

    These are train and validation or, where a base model said nothing of train, two halves of
    validation. Nothing is chosen by `test`: None without such a channel, or where a base model
    said nothing of it.
    """

    artifacts: Mapping[str, Path]
    train: Examples
    validation: Examples
    test: Examples | None


def read_base_models(folders: Folders, channels: TrainingChannels, scratch: Path) -> BaseModels:
    """Read the channels text and image; either may be absent.

    Args:
        scratch: where archives are unpacked.

    Raises:
        ClientError: both are absent, or one is not what a base model's job on these pages wrote.
    """
    given = [kind for kind in CHANNELS if kind in folders.channels]
    if not given:
        raise ClientError(
            "channels 'text' and 'image' are both missing. Give at least one of them: the S3 "
            "prefix of a base model's job, or a folder with its model/ and output/."
        )
    results = {kind: open_results(folders.channel(kind), scratch / kind) for kind in given}
    for kind, found in results.items():
        manifest = read_manifest(found.model, kind=kind)
        if manifest.data["train"] != channels.train.fingerprint:
            logger.warning(
                "channel '%s': this base model was trained on other pages than those of 'train'; "
                "what it says of them may not be out of fold",
                kind,
            )
    validation = Examples(channels.validation, _evidence(results, channels.validation, channels))
    silent = [kind for kind, found in results.items() if _outputs_file(found, "train") is None]
    if silent:
        train, validation = _halves(validation, silent)
    else:
        train = Examples(channels.train, _evidence(results, channels.train, channels))
    artifacts = {kind: found.model for kind, found in results.items()}
    return BaseModels(artifacts, train, validation, _test(results, channels))


def _halves(validation: Examples, silent: Sequence[str]) -> tuple[Examples, Examples]:
    """Every other stream of validation, to learn from and to choose by."""
    streams = validation.channel.streams
    if len(streams) < _FEWEST:
        raise ClientError(
            f"channel '{silent[0]}': this base model was trained with folds 0, so there is "
            f"{validation.channel.name} alone to learn from, and {len(streams)} streams are too "
            f"few for that. Train it again with folds, or give {_FEWEST} streams or more."
        )
    logger.warning(
        "no out-of-fold outputs of train (%s: folds 0): the sequence model learns from one half of "
        "the %d streams of validation and chooses by the other",
        " and ".join(silent),
        len(streams),
    )
    learn, choose = (np.concatenate([np.asarray(rows) for rows in streams[at::2]]) for at in (0, 1))
    return validation.take(learn), validation.take(choose)


def _test(results: Mapping[str, JobResults], channels: TrainingChannels) -> Examples | None:
    if channels.test is None:
        return None
    silent = [kind for kind, found in results.items() if _outputs_file(found, "test") is None]
    if silent:
        logger.warning(
            "channel 'test' is not looked at: the base models (%s) said nothing of it. Give their "
            "jobs the channel too",
            " and ".join(silent),
        )
        return None
    return Examples(channels.test, _evidence(results, channels.test, channels))


def _outputs_file(found: JobResults, channel: str) -> Path | None:
    below = [found.output, found.output / "data"]  # SageMaker archives the folder's content
    files = [folder / PAGE_OUTPUTS / f"{channel}.npz" for folder in below]
    return next((file for file in files if file.is_file()), None)


def _evidence(
    results: Mapping[str, JobResults], channel: Channel, channels: TrainingChannels
) -> Evidence:
    aligned = {}
    for kind, found in results.items():
        file = _outputs_file(found, channel.name)
        if file is None:
            raise ClientError(
                f"channel '{kind}': there is no {PAGE_OUTPUTS}/{channel.name}.npz in the base "
                "model's output. Use the output.tar.gz of a job of this version."
            )
        outputs = read_page_outputs(file)
        how = OUT_OF_FOLD if channel is channels.train else HELD_OUT
        if (outputs.kind, outputs.how) != (kind, how):
            raise ClientError(
                f"channel '{kind}': {file} holds {outputs.how} outputs of the {outputs.kind} "
                f"model, expected {how} outputs of the {kind} model. Point the channel at one job."
            )
        aligned[kind] = align(outputs, channel, channels.classes)
    return Evidence(aligned.get("text"), aligned.get("image"))
