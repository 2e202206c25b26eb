"""The page-bitmap CNN: each block halves the map and doubles the filters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import mxnet as mx
import numpy as np
from mxnet import gluon

from common.job.tables import ImageHyperparameters
from common.models.heads import BOUNDARY_HEADS

# Channels in multiples of it are what oneDNN has blocked layouts for, and GPUs tensor cores.
LANES = {"float32": 8, "bfloat16": 16, "float16": 8}
_SHORT = {  # MXNet's names of types
    "bfloat16": np.dtype([("bfloat16", np.uint16)]),
    "float16": np.dtype(np.float16),
}


class _ShortConvolution(gluon.nn.Conv2D):
    """Multiplies and returns numbers of 16 bits; its parameters, and their gradients, have 32."""

    def __init__(self, *args: Any, precision: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._dtype = _SHORT[precision]

    def hybrid_forward(self, F: Any, x: Any, weight: Any) -> Any:
        cast = (F.amp_cast(one, dtype=self._dtype) for one in (x, weight))
        return super().hybrid_forward(F, *cast)


class PageCNN(gluon.HybridBlock):
    """float32 darkness [pages, 1, height, width] in [0, 1] → heads [pages, classes + 2].

    Block i of `depth` is `conv_block_length` × (3 × 3 convolution with start_filter · 2^i
    filters, batch norm, ReLU), then 2 × 2 max pooling. The last map is averaged over grid × grid
    cells, because where on a page something stands tells first pages from others; then follow
    dropout and a dense layer.

    Args:
        lanes: the convolutions have filters up to the next multiple of it; the heads do not look
            at those beyond. With parameters from `copy_parameters` these are inert.
        folded: convolutions have biases, and there is no batch norm.
        precision: what the trunk computes in, one of LANES; batch norm's statistics and the heads
            are float32 in each.
        frozen: blocks, from the first on, that do not learn: neither their parameters nor their
            statistics, which normalise in training too.
    """

    def __init__(
        self,
        classes: int,
        hyperparameters: ImageHyperparameters,
        *,
        lanes: int = 1,
        folded: bool = False,
        precision: str = "float32",
        frozen: int = 0,
    ) -> None:
        super().__init__(prefix="cnn_")
        self._convolution = gluon.nn.Conv2D
        if precision != "float32":
            self._convolution = partial(_ShortConvolution, precision=precision)
        hp = hyperparameters
        self.classes, self.grid, self.filters = classes, hp.grid, hp.start_filter << (hp.depth - 1)
        with self.name_scope():
            self.trunk = gluon.nn.HybridSequential(prefix="")
            channels = 1
            for block in range(hp.depth):
                filters = filters_of(hp, block, lanes)
                still = block < frozen
                for _ in range(hp.conv_block_length - 1):
                    self._add_convolution(channels, filters, folded, still)
                    self.trunk.add(gluon.nn.Activation("relu"))
                    channels = filters
                self._add_convolution(channels, filters, folded, still)
                # ReLU after pooling is the same as before it, on a quarter of the pixels.
                self.trunk.add(gluon.nn.MaxPool2D(2), gluon.nn.Activation("relu"))
                channels = filters
            self.dropout = gluon.nn.Dropout(hp.dropout)
            self.heads = gluon.nn.Dense(
                classes + BOUNDARY_HEADS, in_units=self.filters * self.grid**2
            )

    def _add_convolution(self, channels: int, filters: int, folded: bool, still: bool) -> None:
        layers = [self._convolution(filters, 3, padding=1, use_bias=folded, in_channels=channels)]
        if not folded:
            layers.append(gluon.nn.BatchNorm(in_channels=filters, use_global_stats=still))
        for layer in layers:
            self.trunk.add(layer)
            if still:
                layer.collect_params().setattr("grad_req", "null")

    def hybrid_forward(self, F: Any, darkness: Any) -> Any:
        """Returns (embedding [pages, filters of the last block], heads)."""
        maps = F.amp_cast(self.trunk(darkness), dtype="float32")
        cells = F.contrib.AdaptiveAvgPooling2D(maps, output_size=self.grid)
        cells = F.slice_axis(cells, axis=1, begin=0, end=self.filters)
        return cells.mean(axis=(2, 3)), self.heads(self.dropout(cells.flatten()))

    @property
    def devices(self) -> Sequence[mx.Context]:
        """Those that have its parameters."""
        return self.heads.weight.list_ctx()

    @property
    def convolutions(self) -> Sequence[gluon.nn.Conv2D]:
        return [layer for layer in self.trunk if isinstance(layer, gluon.nn.Conv2D)]

    @property
    def norms(self) -> Sequence[gluon.nn.BatchNorm]:
        """Those that follow the convolutions, in their order."""
        return [layer for layer in self.trunk if isinstance(layer, gluon.nn.BatchNorm)]


def filters_of(hyperparameters: ImageHyperparameters, block: int, lanes: int) -> int:
    """Of each convolution in a block, counted from 0, filled up to a multiple of `lanes`."""
    return -(-(hyperparameters.start_filter << block) // lanes) * lanes


def copy_parameters(
    source: PageCNN, target: PageCNN, devices: Sequence[mx.Context] | None = None
) -> None:
    """Copy between networks that differ in their lanes alone; to `devices`, else to the current.

    Channels that `target` alone has become zero in all that they have. They stay so in training:
    their maps are 0, where ReLU lets no gradient through, and so no weight that leads to them or
    from them ever has one. Their statistics may move.
    """
    given = source.collect_params()
    target.initialize(mx.init.Zero(), ctx=devices)
    for name, parameter in target.collect_params().items():
        shared = tuple(map(slice, map(min, given[name].shape, parameter.shape)))
        value = np.zeros(parameter.shape, dtype=np.float32)
        value[shared] = given[name].data().asnumpy()[shared]
        parameter.set_data(mx.nd.array(value))
