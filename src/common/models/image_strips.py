"""The first blocks of a network that only predicts, on strips of neighbouring pixels.

A convolution with four filters leaves most of a vector register empty, and the first block, on the
largest maps, has hardly more. With the pixels of a short strip as channels of one place, a quarter
of the places has four times the filters. What comes out is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import mxnet as mx
import numpy as np
from mxnet import gluon
from numpy.typing import NDArray

from common.job.tables import ImageHyperparameters
from common.models.image_network import PageCNN

_CHANNELS = 16  # float32 numbers in a vector register


def strips_of(hyperparameters: ImageHyperparameters) -> tuple[int, ...]:
    """Pixels of a strip in each of the first blocks; none where strips do not come out even.

    A strip of p pixels with f filters each fills a register, and pooling leaves p / 2 of 2 f.
    """
    hp = hyperparameters
    if _CHANNELS % hp.start_filter or hp.width % (_CHANNELS // hp.start_filter):
        return ()
    strips = []
    pixels = _CHANNELS // hp.start_filter
    while pixels > 1:
        strips.append(pixels)
        pixels //= 2
    return tuple(strips) if len(strips) <= hp.depth else ()


def pixels_to_channels(darkness: NDArray[np.float32], pixels: int) -> NDArray[np.float32]:
    """[pages, 1, height, width] → [pages, pixels, height, width / pixels]."""
    places = [darkness[:, :, :, pixel::pixels] for pixel in range(pixels)]
    return np.concatenate(places, axis=1)


class StripsCNN(gluon.HybridBlock):
    """Says of `pixels_to_channels(darkness, self.pixels)` what a folded network says of darkness.

    Args:
        net: folded, with channels filled up to multiples of 8; it becomes what follows the strips.
    """

    def __init__(self, net: PageCNN, hyperparameters: ImageHyperparameters) -> None:
        super().__init__(prefix="strips_")
        hp, length = hyperparameters, hyperparameters.conv_block_length
        strips = strips_of(hp)
        self.pixels = strips[0]
        given = iter(net.convolutions)
        channels = 1
        with self.name_scope():
            self.first = gluon.nn.HybridSequential()
            for block, pixels in enumerate(strips):
                filters = hp.start_filter << block
                layers = []
                for layer in islice(given, length):
                    layers.append(_filters(layer, filters, channels))
                    channels = filters
                self.first.add(_Block(layers, pixels))
        # A block's convolutions have ReLUs between them, and pooling and a ReLU at their end.
        net.trunk = net.trunk[len(strips) * (2 * length + 1) :]
        self.rest = net

    def hybrid_forward(self, F: Any, strips: Any) -> Any:
        return self.rest(self.first(strips))


Filters = tuple[NDArray[np.float32], NDArray[np.float32]]  # weight [n, channels, 3, 3], bias [n]


def _filters(layer: gluon.nn.Conv2D, filters: int, channels: int) -> Filters:
    """Of a convolution, without those that fill it up."""
    weight, bias = (one.data().asnumpy() for one in (layer.weight, layer.bias))
    return weight[:filters, :channels], bias[:filters]


class _Block(gluon.HybridBlock):
    """A block on strips, from convolutions on pixels. Channels are (pixel of the strip, filter)."""

    def __init__(self, layers: Sequence[Filters], pixels: int) -> None:
        super().__init__()
        with self.name_scope():
            self.convolutions = gluon.nn.HybridSequential()
            for weight, bias in layers[:-1]:
                self.convolutions.add(_on_strips(weight, bias, np.arange(pixels)))
            # What is pooled with each other, pixels 0 and 1, 2 and 3, lies half the channels apart.
            self.convolutions.add(_on_strips(*layers[-1], np.r_[0:pixels:2, 1:pixels:2]))

    def hybrid_forward(self, F: Any, strips: Any) -> Any:
        maps = strips
        for place, layer in enumerate(self.convolutions):
            maps = layer(F.Activation(maps, "relu") if place else maps)
        maps = F.Pooling(maps, kernel=(2, 1), stride=(2, 1), pool_type="max")
        half = _CHANNELS // 2
        low = F.slice_axis(maps, axis=1, begin=0, end=half)
        high = F.slice_axis(maps, axis=1, begin=half, end=_CHANNELS)
        return F.Activation(F.maximum(low, high), "relu")


def _on_strips(
    weight: NDArray[np.float32], bias: NDArray[np.float32], pixels: NDArray[np.intp]
) -> gluon.nn.Conv2D:
    """A convolution on strips, whose pixels come out in this order."""
    spread = spread_over_strips(weight, len(pixels))
    ordered = spread.reshape(len(pixels), -1)[pixels].reshape(spread.shape)
    convolution = gluon.nn.Conv2D(len(spread), 3, padding=1, in_channels=spread.shape[1])
    convolution.initialize(mx.init.Zero())
    convolution.weight.set_data(mx.nd.array(ordered))
    convolution.bias.set_data(mx.nd.array(np.tile(bias, len(pixels))))
    return convolution


def spread_over_strips(weight: NDArray[np.float32], pixels: int) -> NDArray[np.float32]:
    """Weights [filters, channels, 3, 3] of a convolution, as those of the same one on strips.

    Returns:
        [pixels × filters, pixels × channels, 3, 3]
    """
    filters, channels = weight.shape[:2]
    spread = np.zeros((pixels, filters, pixels, channels, 3, 3), dtype=np.float32)
    for pixel in range(pixels):
        for across in range(3):
            seen = pixel + across - 1  # from the strip's first pixel
            spread[pixel, :, seen % pixels, :, :, seen // pixels + 1] = weight[..., across]
    return spread.reshape(pixels * filters, pixels * channels, 3, 3)
