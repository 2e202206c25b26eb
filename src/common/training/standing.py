"""Where a training run stands: the epochs that are done, the best of them, and the one begun."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import mxnet as mx
from mxnet import gluon

from common.job.errors import ClientError
from common.training.choice import FIRST_CHOICE, Choice
from common.training.history import History, Scores, validation_row
from common.training.loop import NOTHING, Epoch, Part

Parameters = dict[str, mx.nd.NDArray]


@dataclass(frozen=True)
class Standing:
    """`epoch` counts the epochs that are done, `step` their steps; `part` is of the next one.

    `best` are the parameters of epoch `kept`. Within an epoch several hosts have statistics and
    losses of their own: `apart` are each host's, in `Team`'s form.
    """

    epoch: int = 0
    step: int = 0
    kept: int = 0
    rows: tuple[Mapping[str, float], ...] = ()
    rates: tuple[tuple[float, float], ...] = ()
    best: Parameters = field(default_factory=dict)
    part: Part = NOTHING
    apart: tuple[bytes, ...] = ()

    @property
    def steps(self) -> int:
        """All that are done."""
        return self.step + self.part.steps

    def after(
        self, epoch: Epoch, scores: Scores, net: gluon.Block, choice: Choice = FIRST_CHOICE
    ) -> Standing:
        """The standing one epoch later.

        Raises:
            ClientError: a loss is no longer a finite number.
        """
        if not math.isfinite(epoch.train_loss + scores["loss"]):
            raise ClientError(
                f"training diverged: in epoch {epoch.number} the loss is no longer a finite "
                "number. Lower the learning rate (learning_rate, or the image model's max_lr)."
            )
        better = not self.kept or choice.prefers(scores, self.rows[self.kept - 1])
        return replace(
            self,
            epoch=epoch.number,
            step=self.step + len(epoch.rates),
            kept=epoch.number if better else self.kept,
            rows=(
                *self.rows,
                {
                    "epoch": epoch.number,
                    "train_loss": epoch.train_loss,
                    **validation_row(scores),
                },
            ),
            rates=(*self.rates, *epoch.rates),
            best=parameters_of(net) if better else self.best,
            part=NOTHING,
            apart=(),
        )

    @property
    def history(self) -> History:
        return History(self.rows, self.rates, self.kept)

    def as_json(self) -> dict[str, Any]:
        """All but the parameters, and what hosts have apart."""
        values = asdict(replace(self, best={}, apart=()))
        return {name: value for name, value in values.items() if name not in ("best", "apart")}

    @classmethod
    def from_json(
        cls, values: Mapping[str, Any], best: Parameters, apart: tuple[bytes, ...] = ()
    ) -> Standing:
        """What `as_json` and the rest were made of."""
        return cls(
            values["epoch"],
            values["step"],
            values["kept"],
            tuple(values["rows"]),
            tuple((time, rate) for time, rate in values["rates"]),
            best,
            Part(**values["part"]),
            apart,
        )


def parameters_of(net: gluon.Block) -> Parameters:
    """Copies of all parameters, running statistics included."""
    # MXNet's engine does not know that a backward pass writes batch norm's statistics, and would
    # copy them while it does.
    mx.nd.waitall()
    return {name: p.data().copy() for name, p in net.collect_params().items()}


def set_parameters(net: gluon.Block, parameters: Parameters) -> None:
    """Bring `net` to parameters that `parameters_of` took of one like it."""
    for name, parameter in net.collect_params().items():
        # Not set_data: it fails on the layout that oneDNN gives the weights of Conv1D.
        for into in parameter.list_data():
            mx.nd.identity(parameters[name].as_in_context(into.context), out=into)
