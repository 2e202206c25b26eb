"""Trained models on disk: base artifacts, and the ensemble that holds them all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.job import log
from common.job.artifact import HISTORY, MANIFEST, Manifest, read_manifest
from common.job.command import Job
from common.job.errors import ClientError
from common.job.files import write_json
from common.job.tables import ImageHyperparameters, SequenceHyperparameters, TextHyperparameters
from common.models.image_cnn import ImageModel, load_image_model
from common.models.sequence import SequenceModel, load_sequence_model
from common.models.text import TextModel, load_text_model
from common.models.token_votes import Votes
from common.pages.bitmaps import BitmapCache, Bitmaps
from common.pages.channel import Channel
from common.pages.evidence import Evidence
from common.pages.outputs import HELD_OUT
from common.pages.posteriors import StreamPosteriors
from common.pages.training_channels import TrainingChannels
from common.training.history import History

DECISION = "decision.json"
REFERENCE = "reference.json"


@dataclass(frozen=True)
class Ensemble:
    """All that is needed to take a stream apart; one of the base models may be absent."""

    classes: tuple[str, ...]
    text: TextModel | None
    image: ImageModel | None
    sequence: SequenceModel
    decision: dict[str, Any]  # what decision.json says of what may be accepted
    reference: dict[str, Any] | None = None  # what training's documents look like; earlier: none

    def evidence(self, channel: Channel, decoded: Bitmaps | None = None) -> Evidence:
        """What the base models say of a channel's pages.

        Args:
            decoded: the channel's bitmaps where somebody has them; else its files are read.
        """
        text = self.text.outputs(channel, HELD_OUT) if self.text else None
        image = None
        if self.image and decoded is not None:
            image = self.image.outputs(channel, HELD_OUT, decoded)
        elif self.image:
            hp = self.image.hyperparameters
            with BitmapCache(hp.height, hp.width, hp.worker) as bitmaps:
                bitmaps.add(channel)
                image = self.image.outputs(channel, HELD_OUT, bitmaps)
        return Evidence(text, image)

    def explain(self, channel: Channel, labels: Sequence[str], k: int) -> list[Votes]:
        """What of each page's text spoke most for its label.

        Raises:
            ClientError: the ensemble has no text model.
        """
        if self.text is None:
            raise ClientError(
                "--explain: the ensemble has no text model, and only that can be explained. "
                "Predict without it, or train the ensemble with the channel 'text'."
            )
        return self.text.explain(channel, labels, k)

    def posteriors(
        self, channel: Channel, evidence: Evidence, n_best: int = 1
    ) -> list[StreamPosteriors]:
        """What is said of each stream of the channel, its `n_best` segmentations among it."""
        return self.sequence.posteriors(evidence, channel.streams, n_best)


def manifest_of(
    job: Job[Any],
    kind: str,
    channels: TrainingChannels,
    history: History,
    *,
    pretrained: str | None = None,
    learnt: Collection[str] = (),
) -> Manifest:
    """What the artifact of a training job says of itself; the last two as in `Manifest`."""
    return Manifest(
        kind=kind,
        classes=channels.classes,
        hyperparameters=job.hyperparameters.model_dump(),
        packages=log.package_versions(),
        data=channels.fingerprints(),
        metrics=history.best(),
        pretrained=pretrained,
        learnt=tuple(sorted(learnt)),
    )


def save_model(
    folder: Path, model: TextModel | ImageModel | SequenceModel, history: History
) -> None:
    """A model and how its training went."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder)
    write_json(folder / HISTORY, history.as_json())


def load_text(folder: Path) -> TextModel:
    """Load a text model's artifact; raises ClientError as `read_manifest` does."""
    manifest = read_manifest(folder, kind="text")
    return load_text_model(
        folder, manifest.classes, TextHyperparameters(**manifest.hyperparameters)
    )


def load_image(folder: Path) -> ImageModel:
    """Load an image model's artifact; raises ClientError as `read_manifest` does."""
    manifest = read_manifest(folder, kind="image")
    return load_image_model(
        folder, manifest.classes, ImageHyperparameters(**manifest.hyperparameters)
    )


def load_ensemble(folder: Path) -> Ensemble:
    """Load what the sequence job wrote; raises ClientError as `read_manifest` does."""
    manifest = read_manifest(folder, kind="ensemble")
    sequence = folder / "sequence"
    return Ensemble(
        classes=manifest.classes,
        text=load_text(folder / "text") if (folder / "text").is_dir() else None,
        image=load_image(folder / "image") if (folder / "image").is_dir() else None,
        sequence=load_sequence_model(
            sequence,
            manifest.classes,
            SequenceHyperparameters(**manifest.hyperparameters),
        ),
        decision=json.loads((sequence / DECISION).read_text()),
        reference=_reference(sequence / REFERENCE),
    )


def _reference(file: Path) -> dict[str, Any] | None:
    return json.loads(file.read_text()) if file.is_file() else None


def copy_bases(bases: Mapping[str, Path], folder: Path) -> None:
    """Put base artifacts into an ensemble: their manifests and what those name, nothing else."""
    for kind, source in bases.items():
        manifest = read_manifest(source, kind=kind)
        for name in (MANIFEST, *manifest.files):
            target = folder / kind / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target)
