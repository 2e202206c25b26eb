"""Trainings of the image model, kept as what it says of held-out pages after every epoch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mxnet import gluon
from numpy.typing import NDArray

from common.job.tables import ImageHyperparameters
from common.models.heads import mean_heads, score
from common.models.image_batches import TrainingPages
from common.models.image_cnn import forward, read_ahead
from common.models.image_training import initialised, momentum_of, options_of
from common.pages.bitmaps import BitmapCache
from common.pages.channel import Channel, read_channel
from common.pages.targets import Targets, targets_of
from common.training.loop import train_epochs
from common.training.rates import CYCLES

CHANNELS = ("train", "validation", "test")


@dataclass(frozen=True)
class Data:
    """Channels by name, their pages without a bitmap left out, and their bitmaps in one size."""

    channels: Mapping[str, Channel]
    bitmaps: BitmapCache

    def targets(self, name: str) -> Targets:
        return targets_of(self.channels[name], self.channels["train"].classes)


@contextmanager
def read_data(folder: Path, height: int, width: int) -> Iterator[Data]:
    with BitmapCache(height, width, 1) as bitmaps:
        channels = {name: read_channel(folder / name).with_images() for name in CHANNELS}
        for channel in channels.values():
            bitmaps.add(channel)
        yield Data(channels, bitmaps)


@dataclass(frozen=True)
class Training:
    """What was said of each held-out channel, by name: heads [epochs, pages, classes + 2]."""

    heads: Mapping[str, NDArray[np.float32]]

    def scores(self, name: str, targets: Targets, epochs: list[int]) -> dict[str, float]:
        """Of the mean of what the networks say after these epochs, counted from 1."""
        return score(mean_heads([self.heads[name][epoch - 1] for epoch in epochs]), targets)

    def kept(self, targets: Targets) -> int:
        """The epoch that training keeps: that of the lowest loss on validation."""
        losses = [score(heads, targets)["loss"] for heads in self.heads["validation"]]
        return int(np.argmin(losses)) + 1


def training(file: Path, settings: Mapping[str, Any], data: Data) -> Training:
    """Train with these hyperparameters, or read what an earlier run left in `file`."""
    if not file.is_file():
        heads = _train(ImageHyperparameters(folds=0, **settings), data)
        part = file.with_suffix(".part.npz")
        np.savez(part, settings=json.dumps(settings), **heads)
        os.replace(part, file)  # noqa: PTH105
    with np.load(file) as kept:
        return Training({name: kept[name] for name in CHANNELS[1:]})


def _train(hp: ImageHyperparameters, data: Data) -> dict[str, NDArray[np.float32]]:
    pages = TrainingPages(data.channels["train"], data.targets("train"), data.bitmaps, hp)
    net = initialised(data.channels["train"].classes, hp)
    trainer = gluon.Trainer(net.collect_params(), hp.optimizer, options_of(hp), kvstore=None)
    rate = CYCLES[hp.schedule](hp.min_lr, hp.max_lr, hp.cycle_length)
    heads: dict[str, list[NDArray[np.float32]]] = {name: [] for name in CHANNELS[1:]}
    for epoch in train_epochs(
        trainer,
        pages.batches,
        lambda batch: pages.loss(net, batch),
        rate,
        epochs=hp.epochs,
        seed=hp.seed,
        momentum=momentum_of(hp, rate),
    ):
        for name, said in heads.items():
            seen = read_ahead(data.channels[name], data.bitmaps)
            said.append(np.concatenate([forward(net, batch)[1] for batch in seen]))
        latest = score(heads["validation"][-1], data.targets("validation"))
        print(epoch.number, f"{epoch.train_loss:.3f}", latest, flush=True)
    return {name: np.array(said) for name, said in heads.items()}
