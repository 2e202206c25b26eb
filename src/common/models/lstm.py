"""A bidirectional LSTM that has learnt, calculated by numpy.

With a few numbers a step, calls are what it costs, so one call does for all units of both ways: one
product of matrices, whose blocks for one way with the other are zero, and gates that lie side by
side. MXNet's operator has them in the order in, forget, cell, out; here the cell's stand last, the
sigmoids together before them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from mxnet import gluon
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class BidirectionalLSTM:
    """Weights, float32; the ways are ahead and back.

    Shapes: inputs [ways, width, 4 · hidden], bias [ways, 4 · hidden], of each way by itself; states
    [4 · ways · hidden, ways · hidden], of both.
    """

    inputs: Floats
    bias: Floats
    states: Floats

    def __call__(self, inputs: Floats, lengths: NDArray[np.intp]) -> Floats:
        """States of [pages, streams, width], padded, [pages, streams, ways · hidden].

        Args:
            lengths: pages of each stream, [streams].
        """
        pages, streams, width = inputs.shape
        place, each = np.arange(pages)[:, None], np.arange(streams)
        turned = np.where(place < lengths, lengths - 1 - place, place)  # the padding stays
        units = self.states.shape[1]
        gates = np.empty((pages, 4, 2, units // 2, streams), np.float32)
        for way, seen in enumerate((inputs, inputs[turned, each])):
            told = seen.reshape(-1, width) @ self.inputs[way]
            told += self.bias[way]
            gates[:, :, way] = told.reshape(pages, streams, 4, -1).transpose(0, 2, 3, 1)
        found = _run(gates.reshape(pages, 4 * units, streams), self.states)
        ahead, back = np.split(found.transpose(0, 2, 1), 2, axis=2)
        return np.concatenate([ahead, back[turned, each]], axis=2)


def lstm_of(ahead: gluon.rnn.LSTM, back: gluon.rnn.LSTM) -> BidirectionalLSTM:
    """What two one-way LSTMs of one layer have learnt."""
    inputs, bias, states = [], [], []
    for one in (ahead, back):
        parameters = (one.l0_i2h_weight, one.l0_i2h_bias, one.l0_h2h_bias, one.l0_h2h_weight)
        own_inputs, *biases, own_states = (_in_order(p.data().asnumpy()) for p in parameters)
        inputs.append(own_inputs.T)
        bias.append(sum(biases))
        states.append(own_states)
    hidden = states[0].shape[1]
    both = np.zeros((4, 2, hidden, 2, hidden), np.float32)
    for way, own in enumerate(states):
        both[:, way, :, way] = own.reshape(4, hidden, hidden)
    return BidirectionalLSTM(np.stack(inputs), np.stack(bias), both.reshape(8 * hidden, 2 * hidden))


def _in_order(gates: Floats) -> Floats:
    """MXNet's order of gates to this one, [4 · hidden, …]; the sigmoids' halved, see `_run`."""
    enter, forget, cell, leave = np.split(gates, 4)
    return np.concatenate([enter / 2, forget / 2, leave / 2, cell])


def _run(gates: Floats, states: Floats) -> Floats:
    """States [pages, units, streams], ahead and back, each way in its own order of pages.

    Args:
        gates: [pages, 4 · units, streams], what pages add to them; written over.
    """
    pages, streams, units = len(gates), gates.shape[2], states.shape[1]
    found = np.empty((pages, units, streams), np.float32)
    cell, before = np.zeros((2, units, streams), np.float32)
    recurrent = np.empty(gates.shape[1:], np.float32)
    half = np.full(1, 0.5, np.float32)  # an array already: a number would be made one each time
    parts = (gates[:, at * units : (at + 1) * units] for at in range(4))
    for gate, sigmoid, enter, forget, leave, new, state in zip(
        gates, gates[:, : 3 * units], *parts, found, strict=True
    ):
        gate += np.dot(states, before, recurrent)
        np.tanh(gate, gate)
        sigmoid *= half  # σ(x) = (1 + tanh(x / 2)) / 2; the inner half is in the weights
        sigmoid += half
        cell *= forget
        enter *= new
        cell += enter
        np.tanh(cell, state)
        state *= leave
        before = state
    return found
