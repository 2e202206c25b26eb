"""What a base model's job leaves: the artifact, and page outputs for the sequence job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from common.job import log, metrics
from common.job.artifact import write_artifact
from common.job.command import Job
from common.job.pretrained import Pretrained
from common.models.artifacts import manifest_of, save_model
from common.models.image_cnn import ImageModel
from common.models.rescoring import rescore_base
from common.models.text import TextModel
from common.pages.channel import Channel
from common.pages.outputs import HELD_OUT, PAGE_OUTPUTS, PageOutputs, write_page_outputs
from common.pages.training_channels import TrainingChannels
from common.training.history import History, Scores
from common.training.loop import Epoch


def print_epoch(epoch: Epoch, scores: Scores) -> None:
    """Report an epoch as the job's metrics."""
    validation = {f"validation:{name}": value for name, value in scores.items()}
    metrics.emit({"train:loss": epoch.train_loss, **validation})


def _print_kept(history: History) -> None:
    """The log's last figures are the model's: the best epoch need not have been the last one."""
    figures = history.best().items()
    metrics.emit({n.replace("_", ":", 1): v for n, v in figures if n.startswith("validation_")})


def held_out_outputs(
    channels: TrainingChannels, say: Callable[[Channel, str], PageOutputs]
) -> dict[str, PageOutputs]:
    """What the model says of the channels that it was not trained on, by name."""
    return {channel.name: say(channel, HELD_OUT) for channel in channels.held_out}


def write_base_results(
    job: Job[Any],
    model: TextModel | ImageModel,
    history: History,
    channels: TrainingChannels,
    outputs: Mapping[str, PageOutputs],
    load: Callable[[Path], TextModel | ImageModel],
    pretrained: Pretrained[Any] | None = None,
) -> None:
    """Write `page_outputs/<channel>.npz` and then the artifact.

    Args:
        load: reads the artifact again, which then judges a few pages of validation anew.
        pretrained: what the model went on from.
    """
    _print_kept(history)
    validation = channels.validation
    kind = next(iter(outputs.values())).kind
    learnt = set(channels.train.stream_fingerprints(kind).values())
    if pretrained:
        learnt.update(pretrained.learnt)
    manifest = manifest_of(
        job,
        kind,
        channels,
        history,
        pretrained=pretrained.fingerprint if pretrained else None,
        learnt=learnt,
    )
    for name, of_pages in outputs.items():
        write_page_outputs(job.folders.output_data / PAGE_OUTPUTS / f"{name}.npz", of_pages)
    write_artifact(
        job.folders.model,
        manifest,
        fill=lambda folder: save_model(folder, model, history),
        check=lambda folder: rescore_base(load(folder), validation, outputs[validation.name]),
    )
    log.logger.info("artifact %s, page outputs %s", job.folders.model, job.folders.output_data)
