"""What the image model is trained on, batch by batch: pages that are disturbed a little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import mxnet as mx
import numpy as np
from numpy.typing import NDArray

from common.job.hosts import ONE_HOST, Hosts
from common.job.tables import ImageHyperparameters
from common.models.augmentation import augment
from common.models.heads import heads_loss
from common.models.image_network import PageCNN
from common.pages.bitmaps import BitmapCache
from common.pages.channel import Channel
from common.pages.shares import stream_shares
from common.pages.targets import Targets
from common.training.prefetch import Prefetched


@dataclass(frozen=True)
class Plan:
    """Rows of the training pages, and what their disturbances are drawn from."""

    rows: NDArray[np.intp]
    seed: tuple[int, int, int]  # the run's, the epoch, the place in the epoch


@dataclass(frozen=True)
class Batch:
    """Disturbed pages, float32 [pages, 1, height, width], 1 = ink, and their targets."""

    darkness: NDArray[np.float32]
    targets: Targets


@dataclass(frozen=True)
class TrainingPages:
    """The pages to learn from, all of which have a bitmap; of several hosts, each has a share."""

    channel: Channel
    targets: Targets
    bitmaps: BitmapCache
    hyperparameters: ImageHyperparameters
    hosts: Hosts = ONE_HOST

    @cached_property
    def share(self) -> NDArray[np.intp]:
        """Rows of this host's streams."""
        return stream_shares(self.channel, len(self.hosts.names))[self.hosts.place]

    def batches(self, epoch: int) -> Sequence[Batch]:
        """An epoch in an order of its own, each batch made while the net learns from another."""
        return Prefetched(self.make, self.plan(epoch))

    def plan(self, epoch: int) -> list[Plan]:
        """What does not fill a batch waits for another epoch.

        All hosts take as many steps as one would with their batches joined: of a larger share
        more waits, a smaller one begins anew.
        """
        seed, hosts = self.hyperparameters.seed, len(self.hosts.names)
        order = np.random.default_rng((seed, epoch)).permutation(self.share)
        size = min(self.hyperparameters.batch_size, max(1, len(self.channel) // hosts))
        steps = len(self.channel) // (size * hosts)
        batches = np.resize(order, (steps, size))
        return [
            Plan(rows, (seed, epoch, step * hosts + self.hosts.place))
            for step, rows in enumerate(batches)
        ]

    def make(self, plan: Plan) -> Batch:
        """A function of the plan alone."""
        seen = self.bitmaps.read_pages(self.channel.take(plan.rows))
        rng = np.random.default_rng(plan.seed)
        darkness = augment(seen, self.hyperparameters.augmentation, rng)
        return Batch(darkness, self.targets.take(plan.rows))

    def loss(self, net: PageCNN, batch: Batch) -> mx.nd.NDArray:
        """Loss of each page of a batch, [pages]; each of the net's devices looks at a part."""
        parts = np.array_split(np.arange(len(batch.darkness)), len(net.devices))
        losses = [
            heads_loss(
                net(mx.nd.array(batch.darkness[rows], ctx=device))[1],
                batch.targets.take(rows),
                self.hyperparameters.label_smoothing,
            )
            for device, rows in zip(net.devices, parts, strict=True)
            if len(rows)
        ]
        return mx.nd.concat(*(loss.as_in_context(net.devices[0]) for loss in losses), dim=0)
