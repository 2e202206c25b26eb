"""What a page's scores may see of its stream: its neighbours, or all of it."""

from __future__ import annotations

from typing import Any

import mxnet as mx
import numpy as np
from mxnet import gluon
from numpy.typing import NDArray

from common.models.standardising import CLIP, mean_and_deviation


class Standardised(gluon.HybridBlock):
    """Features [pages, streams, width], less their mean, by their deviation, clipped."""

    def __init__(self, width: int) -> None:
        super().__init__()
        with self.name_scope():
            constant = {"grad_req": "null"}
            self.mean = self.params.get("mean", shape=(width,), init="zeros", **constant)
            self.deviation = self.params.get("deviation", shape=(width,), init="ones", **constant)

    def know(self, rows: NDArray[np.float32]) -> None:
        """Take mean and deviation from rows [rows, width]; parameters are initialised."""
        mean, deviation = mean_and_deviation(rows)
        self.mean.set_data(mx.nd.array(mean))
        self.deviation.set_data(mx.nd.array(deviation))

    def hybrid_forward(self, F: Any, features: Any, mean: Any, deviation: Any) -> Any:
        scaled = F.broadcast_div(F.broadcast_sub(features, mean), deviation)
        return F.clip(scaled, -CLIP, CLIP)


class Neighbours(gluon.HybridBlock):
    """Inputs [pages, streams, width] to those of the pages before and after, [.., 2 · width].

    Zeros stand for what lies before a stream and after it.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = 2 * width

    def hybrid_forward(self, F: Any, inputs: Any, lengths: Any) -> Any:
        """lengths: [streams], pages without padding."""
        own = F.SequenceMask(inputs, lengths, use_sequence_length=True)
        nothing = F.zeros_like(F.slice_axis(own, axis=0, begin=0, end=1))
        framed = F.concat(nothing, own, nothing, dim=0)
        before = F.slice_axis(framed, axis=0, begin=0, end=-2)
        after = F.slice_axis(framed, axis=0, begin=2, end=None)
        return F.concat(before, after, dim=2)


class StreamLSTM(gluon.HybridBlock):
    """Inputs [pages, streams, width] to a bidirectional LSTM's states, [.., 2 · hidden]."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.width = 2 * hidden
        with self.name_scope():
            self.ahead = gluon.rnn.LSTM(hidden, input_size=width)
            self.back = gluon.rnn.LSTM(hidden, input_size=width)
            self.dropout = gluon.nn.Dropout(dropout)

    def hybrid_forward(self, F: Any, inputs: Any, lengths: Any) -> Any:
        """lengths: [streams]; what follows in the padding changes nothing before it."""
        turned = F.SequenceReverse(inputs, lengths, use_sequence_length=True)
        back = F.SequenceReverse(self.back(turned), lengths, use_sequence_length=True)
        return self.dropout(F.concat(self.ahead(inputs), back, dim=2))


def stream_encoder(kind: str, width: int, hidden: int, dropout: float) -> gluon.HybridBlock:
    """`none`: a page's neighbours alone; `lstm`: all of the stream."""
    return StreamLSTM(width, hidden, dropout) if kind == "lstm" else Neighbours(width)
