"""What the base models' jobs left for the sequence job: artifacts, and outputs of every page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from common.job.archives import JobResults, open_results
from common.job.artifact import read_manifest
from common.job.errors import ClientError
from common.job.folders import Folders
from common.job.log import logger
from common.pages.alignment import align
from common.pages.channel import Channel
from common.pages.evidence import Evidence
from common.pages.outputs import HELD_OUT, OUT_OF_FOLD, PAGE_OUTPUTS, read_page_outputs
from common.pages.training_channels import TrainingChannels

CHANNELS = {
    "text": "the text model's job: model.tar.gz and output.tar.gz, or model/ and output/",
    "image": "the same of the image model's job",
}


@dataclass(frozen=True)
class BaseModels:
    """Folders of the base artifacts by kind, and the evidence for train and validation."""

    artifacts: Mapping[str, Path]
    train: Evidence
    validation: Evidence


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
        if manifest.data["train"] != channels.train.fingerprint():
            logger.warning(
                "channel '%s': this base model was trained on other pages than those of 'train'; "
                "what it says of them may not be out of fold",
                kind,
            )
    return BaseModels(
        artifacts={kind: found.model for kind, found in results.items()},
        train=_evidence(results, channels.train, channels),
        validation=_evidence(results, channels.validation, channels),
    )


def _evidence(
    results: Mapping[str, JobResults], channel: Channel, channels: TrainingChannels
) -> Evidence:
    aligned = {}
    for kind, found in results.items():
        below = [found.output, found.output / "data"]  # SageMaker archives the folder's content
        files = [folder / PAGE_OUTPUTS / f"{channel.name}.npz" for folder in below]
        file = next((file for file in files if file.is_file()), None)
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
