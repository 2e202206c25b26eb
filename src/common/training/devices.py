"""What networks compute on: the first GPU where there is one, else the processor.

MXNet makes arrays and parameters on the device of the `with` that it is in; `on_device` is that
`with`, around what trains, loads or asks a network.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import mxnet as mx

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


def gpus() -> int:
    """How many MXNet finds; with the wheel for processors none."""
    return mx.context.num_gpus()


def device() -> mx.Context:
    return mx.gpu(0) if gpus() else mx.cpu()


def on_device(function: Callable[_Given, _Made]) -> Callable[_Given, _Made]:
    """The function, with all that MXNet makes in it on the device."""

    @wraps(function)
    def run(*args: _Given.args, **kwargs: _Given.kwargs) -> _Made:
        with device():
            return function(*args, **kwargs)

    return run


def described() -> str:
    """For the log: what training runs on."""
    found = gpus()
    if not found:
        return "the processor"
    return "the GPU" if found == 1 else f"one of {found} GPUs"
