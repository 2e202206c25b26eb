"""The learning-rate range test (Smith 2017, §3.3): a short run at a rate that grows to ruin."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import Any

import numpy as np
from mxnet import gluon

from common.training.loop import Batches, Loss, train_step

_RUIN = 3  # times the first losses: from there on it only gets worse
_WINDOW = 5  # steps


def rate_range_test(
    trainer: gluon.Trainer,
    batches: Callable[[int], Batches],
    loss: Loss,
    *,
    lowest: float,
    highest: float,
    steps: int,
    seed: int,
) -> list[tuple[float, float]]:
    """Train at rates that grow by the same factor with every step.

    Args:
        batches: epoch number from 0 → its batches, as many epochs as `steps` takes.
        loss: computes the loss of each member of a batch, under `autograd.record`.

    Returns:
        (rate, mean loss) of each step until the loss is past hope, at most `steps`.
    """
    factor = (highest / lowest) ** (1 / max(1, steps - 1))
    points: list[tuple[float, float]] = []
    for step, batch in enumerate(islice(_endless(batches), steps)):
        rate = lowest * factor**step
        losses = train_step(trainer, loss, batch, rate, seed + step)
        value = float(losses.mean().asscalar())
        if not math.isfinite(value):
            break
        points.append((rate, value))
        recent = [value for _, value in points[-_WINDOW:]]
        if np.mean(recent) > _RUIN * np.mean([value for _, value in points[:_WINDOW]]):
            break
    return points


def _endless(batches: Callable[[int], Batches]) -> Iterator[Any]:
    for epoch in count():
        yield from batches(epoch)
