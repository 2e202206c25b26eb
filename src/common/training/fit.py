"""Training from the first epoch to the last, and the parameters of the best one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mxnet import gluon

from common.training.history import History, Report, Scores, keep_best
from common.training.loop import Loss, train_epochs
from common.training.rates import Schedule


def fit_network(
    net: gluon.Block,
    optimizer: str,
    options: dict[str, float],
    *,
    batches: Callable[[int], Sequence[Any]],
    loss: Loss,
    schedule: Schedule,
    epochs: int,
    seed: int,
    evaluate: Callable[[], Scores],
    report: Report,
) -> History:
    """Train `net` and leave it as it was after the epoch with the lowest validation loss.

    Args:
        optimizer: MXNet's name of it, with its options but for the rate.
        batches, loss, schedule, seed: as in `train_epochs`.
        evaluate, report: as in `keep_best`.
    """
    trainer = gluon.Trainer(net.collect_params(), optimizer, options, kvstore=None)
    made = train_epochs(trainer, batches, loss, schedule, epochs=epochs, seed=seed)
    return keep_best(net, made, evaluate=evaluate, report=report)
