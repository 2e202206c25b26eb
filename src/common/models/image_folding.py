"""Batch norm folded into the convolution before it, for a network that only predicts.

In prediction batch norm is the same linear map for every page, so conv–norm is a convolution:
γ (W∗x − μ) / √(σ² + ε) + β = (s W)∗x + (β − s μ), with s = γ / √(σ² + ε).
"""

from __future__ import annotations

import mxnet as mx
import numpy as np
from mxnet import gluon
from numpy.typing import NDArray

from common.models.image_network import PageCNN

_EPSILON = 1e-5  # of gluon's BatchNorm


def fold(net: PageCNN, folded: PageCNN) -> None:
    """Give `folded`, which has no batch norm, the parameters with which it says what `net` says."""
    folded.initialize(mx.init.Zero())
    layers = zip(net.convolutions, net.norms, folded.convolutions, strict=True)
    for convolution, norm, target in layers:
        scale = _array(norm.gamma) / np.sqrt(_array(norm.running_var) + _EPSILON)
        shift = _array(norm.beta) - scale * _array(norm.running_mean)
        target.weight.set_data(mx.nd.array(_array(convolution.weight) * scale[:, None, None, None]))
        target.bias.set_data(mx.nd.array(shift))
    folded.heads.weight.set_data(net.heads.weight.data())
    folded.heads.bias.set_data(net.heads.bias.data())


def _array(parameter: gluon.Parameter) -> NDArray[np.float64]:
    return parameter.data().asnumpy().astype(np.float64)
