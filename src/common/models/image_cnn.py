"""The image model: what a CNN says of page bitmaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count, takewhile
from pathlib import Path

import mxnet as mx
import numpy as np
from numpy.typing import NDArray

from common.job.tables import ImageHyperparameters
from common.models.augmentation import darkness_of
from common.models.heads import class_temperature, mean_heads, opinions_of
from common.models.image_folding import fold
from common.models.image_network import LANES, PageCNN, copy_parameters
from common.models.image_strips import StripsCNN, pixels_to_channels, strips_of
from common.models.temperature import load_temperature, save_temperature
from common.pages.bitmap_descriptor import describe_bitmaps
from common.pages.bitmaps import PAPER, Bitmaps
from common.pages.channel import Channel
from common.pages.outputs import PageOutputs, join_descriptors, page_outputs
from common.pages.targets import Targets
from common.training.devices import on_device
from common.training.prefetch import Prefetched

_PREDICT = 16  # pages of one forward pass


@dataclass(frozen=True)
class ImageModel:
    """A trained image model: a network, or several whose opinions are averaged.

    They are neither widened nor folded: what an artifact holds does not depend on either.
    `temperature` calibrates the classes, of several networks those of their mean.
    """

    classes: tuple[str, ...]
    hyperparameters: ImageHyperparameters
    nets: tuple[PageCNN, ...]
    temperature: float = 1.0

    @cached_property
    def predictors(self) -> list[PageCNN | StripsCNN]:
        """Networks that say the same, faster."""
        return [_predictor(net, self.classes, self.hyperparameters) for net in self.nets]

    def outputs(self, channel: Channel, how: str, bitmaps: Bitmaps) -> PageOutputs:
        """What the model says of each page; a page without bitmap is judged as a blank one."""
        present = np.array([page.has_image for page in channel.pages], dtype=bool)
        embedding, heads, descriptors = self._judge(channel, bitmaps)
        opinions = opinions_of(heads, self.temperature)
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
            descriptors={
                **descriptors,
                "aspect": bitmaps.aspects(channel).astype(np.float16),
                "energy": opinions.energy,
            },
        )

    @on_device
    def _judge(
        self, channel: Channel, bitmaps: Bitmaps
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[str, NDArray]]:
        """(embedding, heads, descriptors), a few batches of bitmaps in memory at a time.

        The embedding is the first network's: each has directions of its own.
        """
        parts = []
        for seen in read_ahead(channel, bitmaps):
            embeddings, heads = zip(*(forward(net, seen) for net in self.predictors), strict=True)
            parts.append((embeddings[0], mean_heads(heads), describe_bitmaps(seen)))
        embedding, of_pages, descriptors = zip(*parts, strict=True)
        return np.concatenate(embedding), np.concatenate(of_pages), join_descriptors(descriptors)

    @on_device
    def heads(self, channel: Channel, bitmaps: Bitmaps) -> NDArray[np.float32]:
        """What its networks say of each page on average, [pages, classes + 2]; uncalibrated."""
        parts = [
            mean_heads([forward(net, seen)[1] for net in self.predictors])
            for seen in read_ahead(channel, bitmaps)
        ]
        return np.concatenate(parts)

    def calibrated(self, heads: NDArray[np.float32], targets: Targets) -> ImageModel:
        """The model whose probabilities mean what they say, by its heads on held-out pages."""
        return replace(self, temperature=class_temperature(heads, targets))

    def save(self, folder: Path) -> None:
        for net, file in zip(self.nets, _files(folder), strict=False):
            net.save_parameters(str(file))
        save_temperature(folder, self.temperature)


@on_device
def load_image_model(
    folder: Path, classes: Sequence[str], hyperparameters: ImageHyperparameters
) -> ImageModel:
    """Load what `ImageModel.save` wrote."""
    nets = []
    for file in takewhile(Path.is_file, _files(folder)):
        nets.append(PageCNN(len(classes), hyperparameters))
        nets[-1].load_parameters(str(file), ctx=mx.context.current_context())
    return ImageModel(tuple(classes), hyperparameters, tuple(nets), load_temperature(folder))


def _files(folder: Path) -> Iterator[Path]:
    yield folder / "weights.params"
    yield from (folder / f"weights-{number}.params" for number in count(2))


def _predictor(
    net: PageCNN, classes: Sequence[str], hyperparameters: ImageHyperparameters
) -> PageCNN | StripsCNN:
    folded = PageCNN(len(classes), hyperparameters, folded=True)
    fold(net, folded)
    wide = compiled(folded, classes, hyperparameters, folded=True)
    if not strips_of(hyperparameters):
        return wide
    on_strips = StripsCNN(wide, hyperparameters)
    on_strips.hybridize(static_alloc=True, static_shape=True)
    return on_strips


def compiled(
    net: PageCNN,
    classes: Sequence[str],
    hyperparameters: ImageHyperparameters,
    *,
    folded: bool = False,
    frozen: int = 0,
    devices: Sequence[mx.Context] | None = None,
) -> PageCNN:
    """A copy of `net` as it runs fastest: channels widened, compiled on its first pages.

    It is on each of `devices`, or else on the current one.
    """
    # Predictions are the same on every processor, so they keep to float32.
    precision = "float32" if folded else hyperparameters.precision
    lanes = LANES[precision]
    wide = PageCNN(
        len(classes),
        hyperparameters,
        lanes=lanes,
        folded=folded,
        precision=precision,
        frozen=frozen,
    )
    copy_parameters(net, wide, devices)
    wide.hybridize(static_alloc=True, static_shape=True)
    return wide


def read_ahead(channel: Channel, bitmaps: Bitmaps) -> Sequence[NDArray[np.uint8]]:
    """The channel's bitmaps in batches for `forward`, each read while another is looked at."""
    batches = [
        range(start, min(start + _PREDICT, len(channel)))
        for start in range(0, len(channel), _PREDICT)
    ]
    return Prefetched(lambda rows: bitmaps.read_pages(channel.take(rows)), batches)


def forward(
    net: PageCNN | StripsCNN, bitmaps: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(embedding, heads) of pages; the last batch is filled up, so that its shape stays."""
    parts = []
    for start in range(0, len(bitmaps), _PREDICT):
        batch = bitmaps[start : start + _PREDICT]
        padded = np.full((_PREDICT, *batch.shape[1:]), PAPER, dtype=np.uint8)
        padded[: len(batch)] = batch
        shown = darkness_of(padded)
        if isinstance(net, StripsCNN):
            shown = pixels_to_channels(shown, net.pixels)
        parts.append([array.asnumpy()[: len(batch)] for array in net(mx.nd.array(shown))])
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
