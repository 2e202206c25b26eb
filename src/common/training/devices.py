"""What networks compute on: GPUs where there are some, else the processor.

MXNet makes arrays and parameters on the device of the `with` that it is in; `on_device` is that
`with`, around what trains, loads or asks a network. It is the first GPU; a network that trains on
all of them has its parameters on each, and is asked on the first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import mxnet as mx
import numpy as np
from mxnet import gluon

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


def gpus() -> int:
    """How many MXNet finds; with the wheel for processors none."""
    return mx.context.num_gpus()


def devices() -> list[mx.Context]:
    """All that a network can be trained on together."""
    return [mx.gpu(index) for index in range(gpus())] or [mx.cpu()]


def device() -> mx.Context:
    return devices()[0]


def on_device(function: Callable[_Given, _Made]) -> Callable[_Given, _Made]:
    """The function, with all that MXNet makes in it on the device."""

    @wraps(function)
    def run(*args: _Given.args, **kwargs: _Given.kwargs) -> _Made:
        with device():
            return function(*args, **kwargs)

    return run


def average_statistics(net: gluon.Block) -> None:
    """What each device's part of the batches gave batch norm becomes their mean on all of them."""
    for parameter in net.collect_params().values():
        copies = parameter.list_data()
        if parameter.grad_req == "null" and len(copies) > 1:
            mean = np.mean([one.asnumpy() for one in copies], axis=0, dtype=np.float64)
            parameter.set_data(mx.nd.array(mean))
