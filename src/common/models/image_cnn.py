"""The image model: what a CNN says of page bitmaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import mxnet as mx
import numpy as np
from numpy.typing import NDArray

from common.job.tables import ImageHyperparameters
from common.models.augmentation import darkness_of
from common.models.heads import opinions_of
from common.models.image_folding import fold
from common.models.image_network import LANES, PageCNN, copy_parameters
from common.pages.bitmap_descriptor import describe_bitmaps
from common.pages.bitmaps import PAPER, BitmapCache
from common.pages.channel import Channel
from common.pages.outputs import PageOutputs, page_outputs
from common.training.prefetch import Prefetched

_PREDICT = 16  # pages of one forward pass


@dataclass(frozen=True)
class ImageModel:
    """A trained image model."""

    classes: tuple[str, ...]
    hyperparameters: ImageHyperparameters
    net: PageCNN  # neither widened nor folded: what an artifact holds does not depend on either

    @cached_property
    def _predictor(self) -> PageCNN:
        """A network that says the same, faster."""
        folded = PageCNN(len(self.classes), self.hyperparameters, folded=True)
        fold(self.net, folded)
        return compiled(folded, self.classes, self.hyperparameters, folded=True)

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
        for seen in read_ahead(channel, bitmaps):
            parts.append((*forward(self._predictor, seen), describe_bitmaps(seen)))
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
    net = PageCNN(len(classes), hyperparameters)
    net.load_parameters(str(folder / "weights.params"))
    return ImageModel(tuple(classes), hyperparameters, net)


def compiled(
    net: PageCNN,
    classes: Sequence[str],
    hyperparameters: ImageHyperparameters,
    *,
    folded: bool = False,
) -> PageCNN:
    """A copy of `net` as it runs fastest: channels widened, compiled on its first pages."""
    wide = PageCNN(len(classes), hyperparameters, lanes=LANES, folded=folded)
    copy_parameters(net, wide)
    wide.hybridize(static_alloc=True, static_shape=True)
    return wide


def read_ahead(channel: Channel, bitmaps: BitmapCache) -> Sequence[NDArray[np.uint8]]:
    """The channel's bitmaps in batches for `forward`, each read while another is looked at."""
    batches = [
        range(start, min(start + _PREDICT, len(channel)))
        for start in range(0, len(channel), _PREDICT)
    ]
    return Prefetched(lambda rows: bitmaps.read_pages(channel.take(rows)), batches)


def forward(
    net: PageCNN, bitmaps: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(embedding, heads) of pages; the last batch is filled up, so that its shape stays."""
    parts = []
    for start in range(0, len(bitmaps), _PREDICT):
        batch = bitmaps[start : start + _PREDICT]
        padded = np.full((_PREDICT, *batch.shape[1:]), PAPER, dtype=np.uint8)
        padded[: len(batch)] = batch
        shown = mx.nd.array(darkness_of(padded))
        parts.append([array.asnumpy()[: len(batch)] for array in net(shown)])
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
