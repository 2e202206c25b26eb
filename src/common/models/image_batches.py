"""What the image model is trained on, batch by batch: pages that are disturbed a little."""

from __future__ import annotations

from dataclasses import dataclass

import mxnet as mx
import numpy as np
from numpy.typing import NDArray

from common.job.tables import ImageHyperparameters
from common.models.augmentation import augment
from common.models.heads import heads_loss
from common.models.image_cnn import darkness
from common.models.image_network import PageCNN
from common.pages.bitmaps import BitmapCache
from common.pages.channel import Channel
from common.pages.targets import Targets


@dataclass(frozen=True)
class Batch:
    """Rows of the training pages, and what their disturbances are drawn from."""

    rows: NDArray[np.intp]
    seed: tuple[int, int, int]  # the run's, the epoch, the place in the epoch


@dataclass(frozen=True)
class TrainingPages:
    """The pages to learn from, all of which have a bitmap."""

    channel: Channel
    targets: Targets
    bitmaps: BitmapCache
    hyperparameters: ImageHyperparameters

    def batches(self, epoch: int) -> list[Batch]:
        """An epoch in an order of its own; what does not fill a batch waits for another epoch."""
        seed = self.hyperparameters.seed
        order = np.random.default_rng((seed, epoch)).permutation(len(self.channel))
        size = min(self.hyperparameters.batch_size, len(order))
        starts = range(0, len(order) - size + 1, size)
        return [
            Batch(order[start : start + size], (seed, epoch, place))
            for place, start in enumerate(starts)
        ]

    def loss(self, net: PageCNN, batch: Batch) -> mx.nd.NDArray:
        """Loss of each page of a batch, [pages]."""
        hp = self.hyperparameters
        with mx.autograd.pause():
            seen = darkness(self.bitmaps.read_pages(self.channel.take(batch.rows)))
            pages = augment(seen, hp.augmentation, np.random.default_rng(batch.seed))
        return heads_loss(net(pages)[1], self.targets.take(batch.rows), hp.label_smoothing)
