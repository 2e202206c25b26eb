"""The training loop. It yields after every epoch; saving, logging and stopping stay outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import mxnet as mx
from mxnet import autograd, gluon

from common.training.rates import Schedule

Loss = Callable[[Any], mx.nd.NDArray]  # batch → loss of each of its members


class Batches(Protocol):
    """The batches of one epoch; they need not all be in memory."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...


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
) -> Iterator[Epoch]:
    """Train, and yield after each epoch.

    Args:
        batches: epoch number from 0 → its batches; a pure function, so that a run repeats.
        loss: computes the loss of each member of a batch, under `autograd.record`.
        seed: the random numbers of step n depend on `seed + n` alone.
        momentum: what each step takes; None leaves it to the optimizer.
        done, step: epochs and steps that an earlier run has done.
    """
    for number in range(done, epochs):
        total, members, rates = 0.0, 0, []
        epoch_batches = batches(number)
        for index, batch in enumerate(epoch_batches):
            time = number + index / len(epoch_batches)
            rates.append((time, schedule(time)))
            if momentum is not None:
                _set_momentum(trainer.optimizer, momentum(time))
            losses = train_step(trainer, loss, batch, rates[-1][1], seed + step)
            total += float(losses.sum().asscalar())
            members += len(losses)
            step += 1
        yield Epoch(number + 1, total / max(1, members), tuple(rates))


def train_step(
    trainer: gluon.Trainer, loss: Loss, batch: Any, rate: float, seed: int
) -> mx.nd.NDArray:
    """One step down the gradient of the batch's mean loss; returns the loss of each member."""
    trainer.set_learning_rate(rate)
    mx.random.seed(seed)
    with autograd.record():
        losses = loss(batch)
        mean = losses.mean()
    mean.backward()
    trainer.step(1)
    return losses


def _set_momentum(optimizer: mx.optimizer.Optimizer, momentum: float) -> None:
    """Adam's momentum is its beta1."""
    setattr(optimizer, "beta1" if hasattr(optimizer, "beta1") else "momentum", momentum)
