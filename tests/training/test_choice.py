import mxnet as mx
import numpy as np
import pytest
from tests.training.test_checkpoints import DATA, Stopped, network

from common.training.checkpoints import NO_CHECKPOINTS, Checkpoints
from common.training.choice import Choice
from common.training.fit import fit_network
from common.training.rates import constant
from common.training.run import Run

LOSSES = [5.0, 3.0, 4.0, 3.5, 3.2, 1.0]
F1 = [0.1, 0.2, 0.2, 0.4, 0.3, 0.3]


def fit(choice, checkpoints=NO_CHECKPOINTS, stop_after=None):
    """The history, and the first weights after each epoch and at the end."""
    net = network(1)
    seen = []

    def evaluate():
        seen.append(first_weights(net))
        epoch = starts + len(seen) - 1
        return {"loss": LOSSES[epoch], "macro_f1": F1[epoch]}

    def report(epoch, scores):
        if epoch.number == stop_after:
            raise Stopped

    starts = len(list(checkpoints.folder.glob("*.zip"))) if checkpoints.folder else 0
    history = fit_network(
        net,
        "sgd",
        {},
        batches=lambda epoch: [DATA[:8]],
        loss=lambda batch: net(mx.nd.array(batch)).square().reshape(-1),
        schedule=constant(0.1),
        epochs=len(LOSSES),
        seed=1,
        evaluate=evaluate,
        run=Run(report, checkpoints, choice=choice),
    )
    return history, seen, first_weights(net)


def first_weights(net):
    return net[0].weight.data().asnumpy().copy()


@pytest.mark.parametrize(
    ("choice", "epochs", "kept"),
    [
        (Choice(), 6, 6),
        (Choice(patience=2), 4, 2),
        (Choice(patience=4), 6, 6),
        (Choice("macro_f1"), 6, 4),
        (Choice("macro_f1", 2), 6, 4),
        (Choice("macro_f1", 1), 3, 2),
    ],
)
def test_the_best_epoch_by_the_named_figure_is_kept_and_patience_ends(choice, epochs, kept):
    history, seen, weights = fit(choice)
    assert (len(history.epochs), history.kept) == (epochs, kept)
    assert history.best()["epoch"] == kept
    np.testing.assert_array_equal(weights, seen[kept - 1])
    assert not np.array_equal(seen[0], seen[1])


@pytest.mark.parametrize(
    ("f1", "loss", "better"),
    [(0.5, 9.0, True), (0.4, 1.9, True), (0.4, 2.0, False), (0.3, 1.0, False), (None, 1.9, True)],
)
def test_of_equal_figures_and_of_none_the_lower_loss_is_better(f1, loss, better):
    scores = {"loss": loss} | ({} if f1 is None else {"f1": f1})
    row = {"validation_loss": 2.0} | ({} if f1 is None else {"validation_f1": 0.4})
    assert Choice("f1").prefers(scores, row) is better


def test_a_run_that_gave_up_does_not_go_on_when_started_again(tmp_path):
    choice = Choice(patience=2)
    history, _, weights = fit(choice, Checkpoints(tmp_path))
    again, seen, same = fit(choice, Checkpoints(tmp_path))
    assert (again, seen) == (history, [])
    np.testing.assert_array_equal(same, weights)
