"""BERT over the windows of a page, with three heads; its layers wake from the top down."""

from __future__ import annotations

from dataclasses import dataclass

import mxnet as mx
import numpy as np
from mxnet import gluon
from numpy.typing import NDArray

from common.models.bert_channel import BertConfig, make_bert
from common.models.heads import BOUNDARY_HEADS

_HEADS_RATE = 10.0  # of the new heads beside the pretrained pooler's: they start at random


@dataclass(frozen=True)
class WindowBatch:
    """Windows of the pages of one batch.

    `pieces` int32 [windows, length] are the vocabulary's indices, `valid` float32 [windows] how
    many of them count, `share` float32 [pages, windows] each window's share in its page's mean.
    """

    pieces: NDArray[np.int32]
    valid: NDArray[np.float32]
    share: NDArray[np.float32]


class PageBERT(gluon.Block):
    """WindowBatch → heads [pages, classes + 2], on the mean of the windows' pooled outputs."""

    def __init__(self, config: BertConfig, words: int, classes: int, dropout: float) -> None:
        super().__init__(prefix="pagebert_")
        with self.name_scope():
            self.bert = make_bert(config, words)
            self.dropout = gluon.nn.Dropout(dropout)
            self.heads = gluon.nn.Dense(classes + BOUNDARY_HEADS, in_units=config.units)
        self.bert.encoder.hybridize()

    def forward(self, batch: WindowBatch) -> tuple[mx.nd.NDArray, mx.nd.NDArray]:
        """Returns (embedding [pages, units], heads [pages, classes + 2])."""
        return self.judge(self.read(batch), batch)

    def read(self, batch: WindowBatch) -> mx.nd.NDArray:
        """[windows, length, units]: the vectors of the word pieces and of the first segment."""
        pieces = mx.nd.array(batch.pieces, dtype=np.int32)
        return self.bert.word_embed(pieces) + self.bert.token_type_embed(pieces.zeros_like())

    def judge(
        self, pieces: mx.nd.NDArray, batch: WindowBatch
    ) -> tuple[mx.nd.NDArray, mx.nd.NDArray]:
        """What `read` made, to (embedding, heads)."""
        encoded, _ = self.bert.encoder(
            pieces.transpose((1, 0, 2)), valid_length=mx.nd.array(batch.valid)
        )
        pooled = self.bert.pooler(encoded[0])  # of each window's [CLS]
        embedding = mx.nd.dot(mx.nd.array(batch.share), pooled)
        return embedding, self.heads(self.dropout(embedding))


def layers_from_the_top(net: PageBERT) -> list[list[gluon.Parameter]]:
    """Parameters in groups: heads and pooler, each transformer layer downwards, embeddings."""
    encoder = net.bert.encoder
    groups = [[*_parameters(net.heads), *_parameters(net.bert.pooler)]]
    groups += [_parameters(cell) for cell in reversed(list(encoder.transformer_cells))]
    grouped = {parameter.name for group in groups for parameter in group}
    groups.append([p for p in _parameters(net) if p.name not in grouped])
    return groups


def _parameters(block: gluon.Block) -> list[gluon.Parameter]:
    return list(block.collect_params().values())


def set_rates(net: PageBERT, layer_decay: float) -> None:
    """Give each layer `layer_decay` of the rate of the one above (Howard & Ruder 2018, §3.2).

    Biases and the gains of layer normalisation are not decayed, as in BERT's own training.
    """
    for depth, group in enumerate(layers_from_the_top(net)):
        for parameter in group:
            parameter.lr_mult = layer_decay**depth
            if parameter.name.endswith(("bias", "beta", "gamma")):
                parameter.wd_mult = 0.0
    for parameter in _parameters(net.heads):
        parameter.lr_mult = _HEADS_RATE


def wake(net: PageBERT, epoch: int, unfreeze: int) -> None:
    """Let those layers learn whose turn it is (Howard & Ruder 2018, §3.3: gradual unfreezing).

    In epoch 0 these are the heads and the pooler, from epoch `unfreeze` on all.
    """
    groups = layers_from_the_top(net)
    below = len(groups) - 1
    awake = below if epoch >= unfreeze else below * epoch // unfreeze
    for depth, group in enumerate(groups):
        for parameter in group:
            parameter.grad_req = "write" if depth <= awake else "null"
