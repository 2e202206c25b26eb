"""The channel `pretrained`: what a base model's job starts from."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from common.job.archives import open_artifact
from common.job.artifact import MANIFEST, Manifest, read_manifest
from common.job.errors import SHOWN, ClientError, refuse
from common.job.files import sha256_of
from common.job.folders import Folders
from common.job.tables import ImageHyperparameters, TextHyperparameters

CHANNEL = "pretrained"
_REMEDIES = {
    "text": "It takes the artifact of a text model: the model folder of its job, that job's "
    "model.tar.gz, or text/ of an ensemble. Word vectors are for the encoder cnn, a BERT for the "
    "encoder bert.",
    "image": "It takes the artifact of an image model: the model folder of its job, that job's "
    "model.tar.gz, or image/ of an ensemble.",
}

Model = TypeVar("Model")


@dataclass(frozen=True)
class Pretrained(Generic[Model]):
    """What a model starts from.

    `earlier` is a model of ours, which tells `classes` apart and has learnt the streams with the
    fingerprints `learnt`. Where it is None, `folder` has files that the encoder reads itself.
    """

    folder: Path
    fingerprint: str
    earlier: Model | None = None
    classes: tuple[str, ...] = ()
    learnt: tuple[str, ...] = ()


def read_pretrained(
    folders: Folders,
    hyperparameters: TextHyperparameters | ImageHyperparameters,
    load: Callable[[Path], Model],
    *,
    kind: str,
    files: bool = False,
) -> Pretrained[Model] | None:
    """Read the channel; None where there is none.

    Args:
        load: reads the model of an artifact.
        kind: of the artifact.
        files: whether the channel may hold something else, which the encoder looks at.

    Raises:
        ClientError: neither an artifact nor such files, an artifact of another kind or of other
            sizes than the job's, or `freeze` without an artifact.
    """
    found = None
    if CHANNEL in folders.channels:
        channel = folders.channel(CHANNEL)
        found = _earlier(channel, hyperparameters, load, kind)
        if found is None and not files:
            raise ClientError(_nothing(channel, kind))
        found = found or Pretrained(channel, _fingerprint(channel))
    if hyperparameters.freeze and (found is None or found.earlier is None):
        raise ClientError(
            "hyperparameters: freeze keeps what an earlier artifact has learnt, and there is none "
            f"in the channel '{CHANNEL}'. Add one, or leave freeze out."
        )
    return found


def _earlier(
    channel: Path,
    hyperparameters: TextHyperparameters | ImageHyperparameters,
    load: Callable[[Path], Model],
    kind: str,
) -> Pretrained[Model] | None:
    with tempfile.TemporaryDirectory(prefix="pretrained-") as scratch:
        artifact = open_artifact(channel, Path(scratch))
        if artifact is None:
            return None
        manifest = _manifest(artifact, kind)
        _refuse_other_sizes(hyperparameters, manifest)
        fingerprint = sha256_of(artifact / MANIFEST)
        return Pretrained(channel, fingerprint, load(artifact), manifest.classes, manifest.learnt)


def _manifest(artifact: Path, kind: str) -> Manifest:
    try:
        return read_manifest(artifact, kind=kind)
    except ClientError as error:
        raise ClientError(f"channel '{CHANNEL}': {error} {_REMEDIES[kind]}") from error


def _refuse_other_sizes(
    hyperparameters: TextHyperparameters | ImageHyperparameters, manifest: Manifest
) -> None:
    """The parameters of the earlier model must fit."""
    earlier = type(hyperparameters)(**manifest.hyperparameters)
    problems = [
        f"hyperparameters: {name} is {getattr(hyperparameters, name)}, and "
        f"{getattr(earlier, name)} in the artifact of the channel '{CHANNEL}'."
        for name in hyperparameters.architecture
        if getattr(hyperparameters, name) != getattr(earlier, name)
    ]
    refuse(problems, remedy="Set the artifact's values, or start without the channel.")


def _nothing(channel: Path, kind: str) -> str:
    names = sorted(entry.name for entry in channel.iterdir())
    found = ", ".join(names[:SHOWN]) or "nothing"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return (
        f"channel '{CHANNEL}': {channel} holds no artifact (found: {found}{more}). "
        f"{_REMEDIES[kind]}"
    )


def _fingerprint(folder: Path) -> str:
    """sha256 over the names and contents of all files below."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()}\0{sha256_of(file)}\0".encode())
    return digest.hexdigest()
