"""Training from the first epoch, or a checkpoint, to the last, and the parameters of the best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mxnet import gluon

from common.training.history import History, Scores
from common.training.loop import Batches, Loss, Part, train_epochs
from common.training.pauses import pauses
from common.training.rates import Schedule
from common.training.run import Run
from common.training.standing import set_parameters


def fit_network(
    net: gluon.Block,
    optimizer: str,
    options: dict[str, float],
    *,
    batches: Callable[[int], Batches],
    loss: Loss,
    schedule: Schedule,
    epochs: int,
    seed: int,
    evaluate: Callable[[], Scores],
    run: Run,
    momentum: Schedule | None = None,
    scaling: bool = False,
) -> History:
    """Train `net` and leave it as it was after its best epoch.

    Args:
        net: its parameters are initialised, their shapes known.
        optimizer: MXNet's name of it, with its options but for the rate.
        batches, loss, schedule, seed, momentum: as in `train_epochs`.
        evaluate: scores the net on validation, `loss` among the scores.
        run: is told of every epoch, keeps where it stands, and says which epoch is the best and
            after how many worse ones training stops. All hosts of its team train; the scores have
            to be the same on each.
        scaling: the loss is scaled, for a net that computes in float16.

    Raises:
        KeyboardInterrupt: the platform ended the job; where it stood is kept.
    """
    trainer = run.team.trainer(net, optimizer, options, scaling=scaling)
    standing = run.team.start(run.checkpoints, net, trainer)
    choice = run.choice
    given_up = choice.gives_up(standing.epoch, standing.kept)

    def save(part: Part) -> None:
        apart = run.team.apart(net, part)
        run.checkpoints.save(net, trainer, replace(standing, part=part, apart=apart))

    with pauses(run.team, run.peers, run.checkpoints, save) as after_step:
        for epoch in train_epochs(
            trainer,
            batches,
            loss,
            schedule,
            epochs=standing.epoch if given_up else epochs,
            seed=seed,
            momentum=momentum,
            done=standing.epoch,
            step=standing.steps,
            part=standing.part,
            after_step=after_step,
        ):
            epoch = run.team.settle(epoch, net)
            scores = evaluate()
            run.report(epoch, scores)
            standing = standing.after(epoch, scores, net, choice)
            run.checkpoints.save(net, trainer, standing)
            if choice.gives_up(standing.epoch, standing.kept):
                break
    set_parameters(net, standing.best)
    return standing.history
