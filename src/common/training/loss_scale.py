"""Dynamic loss scaling, for networks that compute in float16.

Gradients below 6e-8 are zero in float16. The loss is multiplied before the way back and the
gradients, which arrive in float32, are divided; where one has become infinite the step is left out
and the factor halved (Micikevicius et al. 2018, "Mixed Precision Training", §3.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import mxnet as mx
from mxnet import gluon

_LEAST, _MOST = 1.0, 2.0**24
_GROWS_AFTER = 2000  # steps


@dataclass(frozen=True)
class LossScale:
    """A power of two, by which nothing is rounded; `good` counts the steps since it changed."""

    factor: float = 2.0**16
    good: int = 0

    def after(self, finite: bool) -> LossScale:
        """The scale of the next step, by whether this one's gradients are all finite."""
        if not finite:
            return LossScale(max(_LEAST, self.factor / 2))
        if self.good + 1 < _GROWS_AFTER:
            return LossScale(self.factor, self.good + 1)
        return LossScale(min(_MOST, self.factor * 2))


class ScalingTrainer(gluon.Trainer):
    """A trainer that is given gradients of a loss times `loss_scale.factor`.

    The scale is an attribute of the optimizer, and so goes where its states go: into checkpoints.
    """

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.loss_scale = LossScale()

    @property
    def loss_scale(self) -> LossScale:
        """Of the next step."""
        return self.optimizer.loss_scale

    @loss_scale.setter
    def loss_scale(self, scale: LossScale) -> None:
        self.optimizer.loss_scale = scale

    def step(self, batch_size: float, ignore_stale_grad: bool = False) -> None:
        """Update, or leave the parameters as they are where a gradient is not finite.

        All hosts and devices do the same, for it is their sum that is looked at.
        """
        self.allreduce_grads()
        gradients = [p.list_grad()[0] for p in self._params if p.grad_req != "null"]
        total = mx.nd.multi_all_finite(*gradients, num_arrays=len(gradients))
        finite = bool(total.asscalar())
        if finite:
            self.update(batch_size * self.loss_scale.factor, ignore_stale_grad)
        self.loss_scale = self.loss_scale.after(finite)


def scaled(loss: mx.nd.NDArray, trainer: gluon.Trainer) -> mx.nd.NDArray:
    """The loss whose gradients the trainer is to be given."""
    return loss * trainer.loss_scale.factor if isinstance(trainer, ScalingTrainer) else loss
