"""TextCNN: convolutions over word and character-trigram embeddings (Kim 2014)."""

from __future__ import annotations

from dataclasses import dataclass

import mxnet as mx
import numpy as np
from gluonnlp.model import ConvolutionalEncoder
from mxnet import gluon
from numpy.typing import NDArray

from common.models.heads import BOUNDARY_HEADS
from common.pages.words import TRIGRAM_BUCKETS

WINDOWS = (1, 2, 3, 4)  # words that a filter sees at a time
MARGIN = max(WINDOWS)
ZONES = 4  # padding, a page's head, its foot, and what lies between


@dataclass(frozen=True)
class WordBatch:
    """Pages of one batch, padded to one length.

    `word` int32 [types] is the vocabulary's index of each word that occurs, `trigrams` int32
    [types, LONGEST] its trigram buckets, 0 where there are no more. `place` int32 [pages, length]
    points into these; `zone` int32 [pages, length] is 0 where there is no word.

    Every page has MARGIN or more places without a word at either end, so that a window that sees
    nothing is among those of every page: more of them do not change a maximum.
    """

    word: NDArray[np.int32]
    trigrams: NDArray[np.int32]
    place: NDArray[np.int32]
    zone: NDArray[np.int32]


class TextCNN(gluon.Block):
    """WordBatch → heads [pages, classes + 2]."""

    def __init__(
        self, words: int, classes: int, *, width: int, trigrams: int, filters: int, dropout: float
    ) -> None:
        super().__init__(prefix="textcnn_")
        with self.name_scope():
            small = mx.init.Normal(0.1)
            self.words = gluon.nn.Embedding(words, width, weight_initializer=small)
            self.trigrams = gluon.nn.Embedding(
                TRIGRAM_BUCKETS + 1, trigrams, weight_initializer=small
            )
            self.zones = gluon.nn.Embedding(ZONES, width + trigrams, weight_initializer=small)
            self.token_dropout = gluon.nn.Dropout(dropout, axes=(2,))
            self.encoder = ConvolutionalEncoder(
                embed_size=width + trigrams,
                num_filters=(filters,) * len(WINDOWS),
                ngram_filter_sizes=WINDOWS,
                conv_layer_activation="relu",
                num_highway=0,
            )
            self.dropout = gluon.nn.Dropout(dropout)
            self.heads = gluon.nn.Dense(classes + BOUNDARY_HEADS, in_units=filters * len(WINDOWS))
        self.encoder.hybridize()

    def forward(self, batch: WordBatch) -> tuple[mx.nd.NDArray, mx.nd.NDArray]:
        """Returns (embedding [pages, filters of all windows], heads [pages, classes + 2])."""
        return self.judge(self.read(batch), batch)

    def read(self, batch: WordBatch) -> mx.nd.NDArray:
        """[length, pages, width + trigrams]: word vector beside the mean of its trigrams'."""
        trigrams = _array(batch.trigrams)
        known = (trigrams > 0).astype(np.float32).expand_dims(2)
        mean = (self.trigrams(trigrams) * known).sum(axis=1) / known.sum(axis=1)
        types = mx.nd.concat(self.words(_array(batch.word)), mean, dim=1)
        return mx.nd.take(types, _array(batch.place.T)) + self.zones(_array(batch.zone.T))

    def judge(self, tokens: mx.nd.NDArray, batch: WordBatch) -> tuple[mx.nd.NDArray, mx.nd.NDArray]:
        """What `read` made, to (embedding, heads)."""
        present = _array((batch.zone.T > 0).astype(np.float32))
        embedding = self.encoder(self.token_dropout(tokens), present)
        return embedding, self.heads(self.dropout(embedding))


def _array(values: NDArray) -> mx.nd.NDArray:
    return mx.nd.array(values, dtype=values.dtype)
