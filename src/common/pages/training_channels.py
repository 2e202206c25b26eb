"""The labelled channels of a training job, checked against each other."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from common.job.errors import ClientError, refuse
from common.job.folders import Folders
from common.pages.channel import Channel, read_channel

CHANNELS = {
    "train": "labelled pages to learn from",
    "validation": "labelled pages of other streams, to choose by",
    "test": "labelled pages that nothing is chosen by (optional)",
}


@dataclass(frozen=True)
class TrainingChannels:
    """`classes` are those of train, sorted; labels of the other channels are among them."""

    train: Channel
    validation: Channel
    test: Channel | None
    classes: tuple[str, ...]

    @property
    def held_out(self) -> tuple[Channel, ...]:
        return (self.validation,) if self.test is None else (self.validation, self.test)

    def fingerprints(self) -> dict[str, str]:
        return {channel.name: channel.fingerprint for channel in (self.train, *self.held_out)}


def read_training_channels(folders: Folders) -> TrainingChannels:
    """Read train, validation and, where there is one, test.

    Raises:
        ClientError: a channel is missing or broken, train has one class only, a label of
            validation never occurs in train, or a stream lies in two channels.
    """
    train = read_channel(folders.channel("train"), name="train", labelled=True)
    validation = read_channel(folders.channel("validation"), name="validation", labelled=True)
    test = None
    if "test" in folders.channels:
        test = read_channel(folders.channel("test"), name="test", labelled=True)
    if len(train.classes) < 2:
        raise ClientError(
            f"channel 'train': all {len(train)} pages have the label '{train.classes[0]}'. "
            "A classifier needs documents of at least two classes."
        )
    refuse(
        _unknown_labels(train, validation),
        remedy="Add such documents to train, or leave them out of validation.",
    )
    channels = TrainingChannels(train, validation, test, tuple(train.classes))
    refuse(
        _shared_streams(channels),
        remedy="Split by stream, so that no channel gives another's answers away.",
    )
    return channels


def refuse_learnt(
    channels: TrainingChannels, learnt: Collection[str], *, kind: str, folds: int
) -> None:
    """Check what a model says of pages that it is said not to have learnt.

    Args:
        learnt: fingerprints of the streams that the earlier model, which this one goes on from,
            has learnt; see `Channel.stream_fingerprints`.
        folds: without them train may hold such streams.

    Raises:
        ClientError: there are such streams in validation or test, or in train with folds.
    """
    judged = channels.held_out if folds == 0 else (channels.train, *channels.held_out)
    problems = []
    for channel in judged:
        of_streams = channel.stream_fingerprints(kind)
        known = [name for name, mark in of_streams.items() if mark in learnt]
        if known:
            problems.append(
                f"channel '{channel.name}': {len(known)} of {len(of_streams)} streams (as "
                f"'{known[0]}') went into the artifact of the channel 'pretrained'."
            )
    refuse(
        problems,
        remedy="What the new model says of them would be neither out of fold nor held out. Leave "
        "them out, or start without the channel; in train they may stay with folds 0.",
    )


def _unknown_labels(train: Channel, validation: Channel) -> list[str]:
    unknown = sorted(set(validation.classes) - set(train.classes))
    return [
        f"channel 'validation': the label '{label}' never occurs in train "
        f"(which has {', '.join(train.classes)})."
        for label in unknown
    ]


def _shared_streams(channels: TrainingChannels) -> list[str]:
    owner: dict[str, str] = {}
    problems = []
    for channel in (channels.train, *channels.held_out):
        for stream in {page.stream: None for page in channel.pages}:
            earlier = owner.setdefault(stream, channel.name)
            if earlier != channel.name:
                problems.append(f"stream '{stream}' lies in '{earlier}' and in '{channel.name}'.")
    return problems
