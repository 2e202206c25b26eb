"""The training loop: it yields after every epoch, and tells of every step.

Saving, logging and stopping stay outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import mxnet as mx
from mxnet import autograd, gluon

from common.training.loss_scale import scaled
from common.training.rates import Schedule

Loss = Callable[[Any], mx.nd.NDArray]  # batch → loss of each of its members


class Batches(Protocol):
    """The batches of one epoch; they need not all be in memory."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...


@dataclass(frozen=True)
class Part:
    """What is done of an epoch: its first `steps`, and the losses' sum over so many `members`."""

    steps: int = 0
    loss: float = 0.0
    members: int = 0

    def after(self, losses: mx.nd.NDArray) -> Part:
        """One step more, on a batch of which each member had its loss."""
        loss = self.loss + float(losses.sum().asscalar())
        return Part(self.steps + 1, loss, self.members + len(losses))


NOTHING = Part()


@dataclass(frozen=True)
class Epoch:
    """An epoch that has ended: its mean training loss, and (time in epochs, rate) of each step."""

    number: int
    train_loss: float
    rates: tuple[tuple[float, float], ...]


def train_epochs(
    trainer: gluon.Trainer,
    batches: Callable[[int], Batches],
    loss: Loss,
    schedule: Schedule,
    *,
    epochs: int,
    seed: int,
    momentum: Schedule | None = None,
    done: int = 0,
    step: int = 0,
    part: Part = NOTHING,
    after_step: Callable[[Part], None] = lambda part: None,
) -> Iterator[Epoch]:
    """Train, and yield after each epoch.

    Args:
        batches: epoch number from 0 → its batches; a pure function, so that a run repeats.
        loss: computes the loss of each member of a batch, under `autograd.record`.
        seed: the random numbers of step n depend on `seed + n` alone.
        momentum: what each step takes; None leaves it to the optimizer.
        done, step: epochs, and steps in all, that an earlier run has done.
        part: what that run has done of the epoch after these.
        after_step: is told what is done of the epoch; what it raises ends the run.
    """
    for number in range(done, epochs):
        epoch_batches = batches(number)
        times = [number + index / len(epoch_batches) for index in range(len(epoch_batches))]
        rates = tuple((time, schedule(time)) for time in times)
        for batch in _beyond(epoch_batches, part.steps):
            time, rate = rates[part.steps]
            if momentum is not None:
                _set_momentum(trainer.optimizer, momentum(time))
            part = part.after(train_step(trainer, loss, batch, rate, seed + step))
            step += 1
            after_step(part)
        mx.nd.waitall()  # else statistics of batch norm might be read before they are written
        yield Epoch(number + 1, part.loss / max(1, part.members), rates)
        part = NOTHING


def _beyond(batches: Batches, steps: int) -> Iterable[Any]:
    """Those after the first `steps`, which are not made again where they can be left out."""
    return batches[steps:] if isinstance(batches, Sequence) else islice(batches, steps, None)


def train_step(
    trainer: gluon.Trainer, loss: Loss, batch: Any, rate: float, seed: int
) -> mx.nd.NDArray:
    """One step down the gradient of the batch's mean loss; returns the loss of each member."""
    trainer.set_learning_rate(rate)
    mx.random.seed(seed)
    with autograd.record():
        losses = loss(batch)
        mean = scaled(losses.mean(), trainer)
    mean.backward()
    trainer.step(1)
    return losses


def _set_momentum(optimizer: mx.optimizer.Optimizer, momentum: float) -> None:
    """Adam's momentum is its beta1."""
    setattr(optimizer, "beta1" if hasattr(optimizer, "beta1") else "momentum", momentum)
