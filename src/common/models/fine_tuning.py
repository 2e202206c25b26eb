"""Networks that go on from an earlier one of their shape, which told other classes apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import mxnet as mx
import numpy as np
from mxnet import gluon
from numpy.typing import NDArray

from common.models.heads import BOUNDARY_HEADS
from common.training.standing import parameters_of


def go_on_from(
    earlier: gluon.Block,
    earlier_classes: Sequence[str],
    net: gluon.Block,
    classes: Sequence[str],
    heads: Mapping[str, int],
) -> None:
    """Copy all parameters; of the heads those of the boundaries and of classes that both know.

    Args:
        net: initialised; heads of new classes stay as they are.
        heads: name of each parameter of the heads → its axis of [classes + 2].
    """
    parameters = parameters_of(earlier)
    outputs = _shared_outputs(earlier_classes, classes)
    fresh = net.collect_params()
    for name, axis in heads.items():
        value = fresh[name].data().asnumpy()
        given = np.moveaxis(parameters[name].asnumpy(), axis, 0)
        np.moveaxis(value, axis, 0)[outputs[1]] = given[outputs[0]]
        parameters[name] = mx.nd.array(value)
    net.collect_params().load_dict(parameters)  # of a BERT it says the shapes too


def _shared_outputs(earlier: Sequence[str], classes: Sequence[str]) -> NDArray[np.intp]:
    """(place in earlier, place in classes) of each output that both have, [2, outputs]."""
    shared = [(earlier.index(name), at) for at, name in enumerate(classes) if name in earlier]
    ends = [(len(earlier) + end, len(classes) + end) for end in range(BOUNDARY_HEADS)]
    return np.array(shared + ends, dtype=np.intp).T


def outputs_first(heads: gluon.nn.Dense) -> dict[str, int]:
    """The parameters of a dense layer, for `go_on_from`."""
    return dict.fromkeys(heads.collect_params(), 0)


def freeze_all_but(net: gluon.Block, learning: Collection[str]) -> None:
    """Let only the named parameters learn."""
    for name, parameter in net.collect_params().items():
        if name not in learning:
            parameter.grad_req = "null"
