"""Training from the first epoch, or a checkpoint, to the last, and the parameters of the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mxnet import gluon

from common.training.history import History, Scores
from common.training.loop import Loss, train_epochs
from common.training.rates import Schedule
from common.training.run import Run
from common.training.standing import Standing, set_parameters


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
    run: Run,
    momentum: Schedule | None = None,
) -> History:
    """Train `net` and leave it as it was after the epoch with the lowest validation loss.

    Args:
        net: its parameters are initialised, their shapes known.
        optimizer: MXNet's name of it, with its options but for the rate.
        batches, loss, schedule, seed, momentum: as in `train_epochs`.
        evaluate: scores the net on validation, `loss` among the scores.
        run: is told of every epoch, and keeps where it stands after each.
    """
    trainer = gluon.Trainer(net.collect_params(), optimizer, options, kvstore=None)
    standing = run.checkpoints.restore(net, trainer) or Standing()
    for epoch in train_epochs(
        trainer,
        batches,
        loss,
        schedule,
        epochs=epochs,
        seed=seed,
        momentum=momentum,
        done=standing.epoch,
        step=standing.step,
    ):
        scores = evaluate()
        run.report(epoch, scores)
        standing = standing.after(epoch, scores, net)
        run.checkpoints.save(net, trainer, standing)
    set_parameters(net, standing.best)
    return standing.history
