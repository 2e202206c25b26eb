"""The three heads of a base model: class, first page, last page, on one dense layer.

Its output is [pages, classes + 2]: class logits, then the logits of "a document starts here" and
"a document ends here".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mxnet as mx
import numpy as np
from mxnet import gluon
from numpy.typing import NDArray
from scipy.special import expit, log_expit, log_softmax, logsumexp, softmax
from sklearn.metrics import f1_score

from common.models.temperature import best_temperature
from common.pages.targets import Targets

BOUNDARY_HEADS = 2
_DOUBT = 0.5  # how far from 1 a temperature is expected, in logarithms
_BOUNDARY_WEIGHT = 0.5  # of each boundary head's loss beside the class head's


@dataclass(frozen=True)
class Opinions:
    """float32: probabilities [pages, classes], first_page, last_page and energy [pages].

    The energy is −ln Σ exp(logit) over the classes: high where nothing speaks for any of them.
    """

    probabilities: NDArray[np.float32]
    first_page: NDArray[np.float32]
    last_page: NDArray[np.float32]
    energy: NDArray[np.float32]


class _HeadsLoss(gluon.HybridBlock):
    """One call in place of a dozen: on small batches the calls cost more than the arithmetic."""

    def hybrid_forward(
        self, F: Any, output: Any, truth: Any, weight: Any, boundary_weight: Any
    ) -> Any:
        """Loss [pages] of heads against truth, both [pages, classes + 2]."""
        classes = F.slice_axis(output, axis=1, begin=0, end=-BOUNDARY_HEADS)
        wanted = F.slice_axis(truth, axis=1, begin=0, end=-BOUNDARY_HEADS)
        ends = F.slice_axis(output, axis=1, begin=-BOUNDARY_HEADS, end=None)
        true_ends = F.slice_axis(truth, axis=1, begin=-BOUNDARY_HEADS, end=None)
        of_class = -(F.log_softmax(classes) * wanted).sum(axis=1)
        # ln(1 + eˣ) − x·truth, without the overflow
        of_ends = F.relu(ends) - ends * true_ends + F.Activation(-ends.abs(), "softrelu")
        return weight * (of_class + F.broadcast_mul(of_ends.sum(axis=1), boundary_weight))


_LOSS = _HeadsLoss()
_LOSS.hybridize()


def heads_loss(
    output: mx.nd.NDArray,
    targets: Targets,
    label_smoothing: float,
    boundary_weight: float = _BOUNDARY_WEIGHT,
) -> mx.nd.NDArray:
    """Weighted loss of each page, [pages].

    Cross-entropy with smoothed labels (Szegedy et al. 2016, §7) for the class, logistic loss for
    the boundary heads, of which each counts `boundary_weight` times.
    """
    classes = output.shape[1] - BOUNDARY_HEADS
    truth = np.full(output.shape, label_smoothing / classes, dtype=np.float32)
    truth[np.arange(len(truth)), targets.label] += 1 - label_smoothing
    truth[:, classes:] = np.stack([targets.first_page, targets.last_page], axis=1)
    given = truth, targets.weight, np.array([boundary_weight], np.float32)
    there = [mx.nd.array(array, ctx=output.context) for array in given]
    return _LOSS(output, *there)


def opinions_of(output: NDArray[np.float32], temperature: float = 1.0) -> Opinions:
    """Probabilities from the heads' output; the classes' logits are divided by `temperature`."""
    logits = output[:, :-BOUNDARY_HEADS] / np.float32(temperature)
    return Opinions(
        softmax(logits, axis=1),
        expit(output[:, -2]),
        expit(output[:, -1]),
        -logsumexp(logits, axis=1),
    )


def class_temperature(output: NDArray[np.float32], targets: Targets) -> float:
    """What to divide the classes' logits by, so that probabilities mean what they say.

    The temperature of least negative log-likelihood; see `best_temperature`.
    """
    logits = output[:, :-BOUNDARY_HEADS].astype(np.float64)
    rows = np.arange(len(logits))

    def loss(log_temperature: float) -> float:
        likely = log_softmax(logits * np.exp(-log_temperature), axis=1)[rows, targets.label]
        return float(-likely.sum())

    return best_temperature(loss, bounds=(-3, 3), doubt=_DOUBT)


def mean_heads(outputs: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Heads [pages, classes + 2] whose probabilities are the means of several networks'.

    So is their energy.
    """
    if len(outputs) == 1:
        return outputs[0]
    heads = np.stack(outputs).astype(np.float64)
    classes, ends = heads[..., :-BOUNDARY_HEADS], heads[..., -BOUNDARY_HEADS:]
    mean = logsumexp(log_softmax(classes, axis=2), axis=0) - np.log(len(heads))
    mean += logsumexp(classes, axis=2, keepdims=True).mean(axis=0)
    odds = logsumexp(log_expit(ends), axis=0) - logsumexp(log_expit(-ends), axis=0)
    return np.concatenate([mean, odds], axis=1).astype(np.float32)


def score(output: NDArray[np.float32], targets: Targets) -> dict[str, float]:
    """How good the heads' output [pages, classes + 2] is; the names are those of the job's metrics.

    `loss` is the mean of the three heads' losses together, unsmoothed and unweighted.
    """
    opinions = opinions_of(output)
    predicted = opinions.probabilities.argmax(axis=1)
    return {
        "loss": _negative_log_likelihood(output, targets),
        "accuracy": float(np.mean(predicted == targets.label)),
        "macro_f1": float(f1_score(targets.label, predicted, average="macro", zero_division=0)),
        "first_page_accuracy": float(np.mean((opinions.first_page > 0.5) == targets.first_page)),
        "last_page_accuracy": float(np.mean((opinions.last_page > 0.5) == targets.last_page)),
    }


def _negative_log_likelihood(output: NDArray[np.float32], targets: Targets) -> float:
    logits = log_softmax(output[:, :-BOUNDARY_HEADS].astype(np.float64), axis=1)
    loss = -logits[np.arange(len(logits)), targets.label]
    for logit, truth in ((output[:, -2], targets.first_page), (output[:, -1], targets.last_page)):
        loss += _BOUNDARY_WEIGHT * (np.logaddexp(0, logit) - logit * truth)
    return float(loss.mean())
