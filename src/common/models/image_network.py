"""The page-bitmap CNN: each block halves the map and doubles the filters."""

from __future__ import annotations

from typing import Any

from mxnet import gluon

from common.job.tables import ImageHyperparameters
from common.models.heads import BOUNDARY_HEADS


class PageCNN(gluon.HybridBlock):
    """float32 darkness [pages, 1, height, width] in [0, 1] → heads [pages, classes + 2].

    Block i of `depth` is `conv_block_length` × (3 × 3 convolution with start_filter · 2^i
    filters, batch norm, ReLU), then 2 × 2 max pooling. The last map is averaged over grid × grid
    cells, because where on a page something stands tells first pages from others; then follow
    dropout and a dense layer.
    """

    def __init__(self, classes: int, hyperparameters: ImageHyperparameters) -> None:
        super().__init__(prefix="cnn_")
        hp = hyperparameters
        self.grid = hp.grid
        with self.name_scope():
            self.trunk = gluon.nn.HybridSequential(prefix="")
            for block in range(hp.depth):
                for _ in range(hp.conv_block_length):
                    self.trunk.add(
                        gluon.nn.Conv2D(hp.start_filter << block, 3, padding=1, use_bias=False),
                        gluon.nn.BatchNorm(),
                        gluon.nn.Activation("relu"),
                    )
                self.trunk.add(gluon.nn.MaxPool2D(2))
            self.dropout = gluon.nn.Dropout(hp.dropout)
            self.heads = gluon.nn.Dense(classes + BOUNDARY_HEADS)

    def hybrid_forward(self, F: Any, darkness: Any) -> Any:
        """Returns (embedding [pages, filters of the last block], heads)."""
        cells = F.contrib.AdaptiveAvgPooling2D(self.trunk(darkness), output_size=self.grid)
        return cells.mean(axis=(2, 3)), self.heads(self.dropout(cells.flatten()))
