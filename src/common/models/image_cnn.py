"""The image model: a CNN on page bitmaps, trained with a cyclic learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import mxnet as mx
import numpy as np
from numpy.typing import NDArray

from common.job.errors import ClientError
from common.job.tables import ImageHyperparameters
from common.models.augmentation import augment
from common.models.heads import heads_loss, opinions_of, score
from common.models.image_network import PageCNN
from common.pages.bitmap_descriptor import describe_bitmaps
from common.pages.bitmaps import PAPER, BitmapCache
from common.pages.channel import Channel
from common.pages.outputs import PageOutputs, page_outputs
from common.pages.targets import targets_of
from common.training.fit import fit_network
from common.training.history import History
from common.training.rates import triangular
from common.training.run import Run

_PREDICT = 64  # pages of one forward pass


@dataclass(frozen=True)
class ImageModel:
    """A trained image model."""

    classes: tuple[str, ...]
    hyperparameters: ImageHyperparameters
    net: PageCNN

    def outputs(self, channel: Channel, how: str, bitmaps: BitmapCache) -> PageOutputs:
        """What the model says of each page; a page without bitmap is judged as a blank one."""
        present = np.array([page.has_image for page in channel.pages], dtype=bool)
        embedding, heads, descriptors = self._judge(channel, bitmaps)
        opinions = opinions_of(heads)
        return page_outputs(
            channel,
            kind="image",
            how=how,
            classes=self.classes,
            present=present,
            probabilities=opinions.probabilities,
            first_page=opinions.first_page,
            last_page=opinions.last_page,
            embedding=embedding,
            descriptors=descriptors,
        )

    def _judge(
        self, channel: Channel, bitmaps: BitmapCache
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[str, NDArray]]:
        """(embedding, heads, descriptors), a batch of bitmaps in memory at a time."""
        parts = []
        for start in range(0, len(channel), _PREDICT):
            rows = range(start, min(start + _PREDICT, len(channel)))
            seen = bitmaps.read_pages(channel.take(rows))
            parts.append((*forward(self.net, seen), describe_bitmaps(seen)))
        embeddings, heads, descriptors = zip(*parts, strict=True)
        joined = {
            name: np.concatenate([found[name] for found in descriptors]) for name in descriptors[0]
        }
        return np.concatenate(embeddings), np.concatenate(heads), joined

    def save(self, folder: Path) -> None:
        self.net.save_parameters(str(folder / "weights.params"))


def load_image_model(
    folder: Path, classes: Sequence[str], hyperparameters: ImageHyperparameters
) -> ImageModel:
    """Load what `ImageModel.save` wrote."""
    net = _network(classes, hyperparameters)
    net.load_parameters(str(folder / "weights.params"))
    return ImageModel(tuple(classes), hyperparameters, net)


def _network(classes: Sequence[str], hyperparameters: ImageHyperparameters) -> PageCNN:
    net = PageCNN(len(classes), hyperparameters)
    net.hybridize(static_alloc=True, static_shape=True)
    return net


def fit_image_model(
    train: Channel,
    validation: Channel,
    classes: Sequence[str],
    hyperparameters: ImageHyperparameters,
    bitmaps: BitmapCache,
    run: Run,
) -> tuple[ImageModel, History]:
    """Train on the pages of `train` that have a bitmap.

    The epoch with the lowest loss on `validation` is kept. Where an epoch's pages do not fill
    whole batches, the rest waits for another epoch's order.
    """
    hp = hyperparameters
    train, validation = train.with_images(), validation.with_images()
    for channel in (train, validation):
        if not len(channel):
            raise ClientError(
                f"channel '{channel.name}': no page has an image. Give it some, or train the text "
                "model alone: the sequence model can do without this one."
            )
    targets = targets_of(train, classes)
    held_out_targets = targets_of(validation, classes)
    held_out = bitmaps.read_pages(validation)

    identity = "image", train.fingerprint(), validation.fingerprint(), hp.model_dump_json()
    mx.random.seed(hp.seed)
    net = _network(classes, hp)
    net.initialize(mx.init.Xavier(rnd_type="gaussian", factor_type="in", magnitude=2))
    net(mx.nd.zeros((1, 1, hp.height, hp.width)))  # infers the shapes

    def batches(epoch: int) -> list[NDArray[np.intp]]:
        order = np.random.default_rng((hp.seed, epoch)).permutation(len(train))
        size = min(hp.batch_size, len(order))
        return [order[start : start + size] for start in range(0, len(order) - size + 1, size)]

    def loss(rows: NDArray[np.intp]) -> mx.nd.NDArray:
        rng = np.random.default_rng((hp.seed, *rows[:2]))
        with mx.autograd.pause():
            pages = augment(_darkness(bitmaps.read_pages(train.take(rows))), hp.augmentation, rng)
        return heads_loss(net(pages)[1], targets.take(rows), hp.label_smoothing)

    history = fit_network(
        net,
        "sgd",
        {"momentum": hp.momentum, "wd": hp.weight_decay},
        batches=batches,
        loss=loss,
        schedule=triangular(hp.min_lr, hp.max_lr, hp.cycle_length),
        epochs=hp.epochs,
        seed=hp.seed,
        evaluate=lambda: score(forward(net, held_out)[1], held_out_targets),
        run=replace(run, checkpoints=run.checkpoints.of(*identity)),
    )
    return ImageModel(tuple(classes), hp, net), history


def _darkness(bitmaps: NDArray[np.uint8]) -> mx.nd.NDArray:
    """uint8 [pages, height, width], 255 = paper → float32 [pages, 1, height, width], 1 = ink."""
    return (PAPER - mx.nd.array(bitmaps[:, None], dtype=np.float32)) / PAPER


def forward(
    net: PageCNN, bitmaps: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(embedding, heads) of pages; the last batch is filled up, so that its shape stays."""
    parts = []
    for start in range(0, len(bitmaps), _PREDICT):
        batch = bitmaps[start : start + _PREDICT]
        padded = np.full((_PREDICT, *batch.shape[1:]), PAPER, dtype=np.uint8)
        padded[: len(batch)] = batch
        parts.append([array.asnumpy()[: len(batch)] for array in net(_darkness(padded))])
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
