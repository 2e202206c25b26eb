import numpy as np
import pytest
from benchmarks.image.ablation import row
from benchmarks.image.rates import first_at_least, table
from benchmarks.image.trainings import Training, read_data, training
from tests.sample import SAMPLE

from common.job.tables import ImageHyperparameters
from common.models.heads import score
from common.models.image_training import fit_image_model
from common.pages.targets import Targets
from common.training.run import Run

LABELS = np.array([0, 1, 1], dtype=np.int32)
TARGETS = Targets(LABELS, *np.array([[1, 1, 0], [1, 0, 1], [1, 1, 1]], dtype=np.float32))


def said(*classes, start=(2, 2, -2), end=(2, -2, 2)):
    """Heads of a page that is of class 0 with these log odds."""
    return np.array([[odds, 0, *ends] for odds, *ends in zip(classes, start, end, strict=True)])


def test_the_epoch_of_the_lowest_validation_loss_is_kept():
    sure_and_wrong, unsure, right = said(5, 5, 5), said(0.1, 0, 0), said(3, -3, -3)
    heads = np.array([sure_and_wrong, unsure, right, unsure], dtype=np.float32)
    assert Training({"validation": heads}).kept(TARGETS) == 3


def test_networks_of_several_epochs_are_scored_by_their_mean_probabilities():
    """One that is sure outweighs one that doubts; the mean of their votes would be a tie."""
    doubting, sure = said(-0.2, -0.2, 0.2), said(4, -4, -4, start=(2, 2, 3))
    one = Training({"test": np.array([doubting, sure], dtype=np.float32)})
    assert one.scores("test", TARGETS, [1])["accuracy"] == pytest.approx(1 / 3)
    both = one.scores("test", TARGETS, [1, 2])
    assert both["accuracy"] == 1
    assert both["first_page_accuracy"] == pytest.approx(2 / 3)  # 0.12 and 0.95
    assert one.scores("test", TARGETS, [2]) == pytest.approx(score(sure, TARGETS), abs=1e-5)


@pytest.mark.slow
def test_it_trains_as_the_job_does_and_only_once(tmp_path):
    settings = {"height": 32, "width": 24, "depth": 2, "epochs": 2, "cycle_length": 2}
    hp = ImageHyperparameters(**settings, folds=0)
    with read_data(SAMPLE, 32, 24) as data:
        first = training(tmp_path / "one.npz", settings, data)
        again = training(tmp_path / "one.npz", {**settings, "epochs": 5}, data)
        train, validation = data.channels["train"], data.channels["validation"]
        of_job = fit_image_model(train, validation, train.classes, hp, data.bitmaps, Run())[1]
        targets = data.targets("validation")
    np.testing.assert_array_equal(first.heads["test"], again.heads["test"])
    for epoch, heads in zip(of_job.epochs, first.heads["validation"], strict=True):
        assert epoch["validation_loss"] == pytest.approx(score(heads, targets)["loss"], rel=1e-6)


def test_epochs_count_from_one_and_a_rate_may_never_get_there():
    curve = np.array([0.2, 0.5, 0.4, 0.6])
    assert [first_at_least(curve, wanted) for wanted in (0.1, 0.5, 0.55, 0.7)] == [1, 2, 4, None]


def test_the_cyclic_rate_is_measured_by_each_seed_s_best_fixed_figure():
    fixed = [np.array([0.3, 0.5, 0.4]), np.array([0.3, 0.3, 0.9])]
    cyclic = [np.array([0.5, 0.6, 0.5]), np.array([0.1, 0.2, 0.8])]
    assert table(0.01, fixed, cyclic).splitlines()[2:] == [
        "| 1 | 0.500 | 2 | 1 | 0.600 | 2 |",
        "| 2 | 0.900 | 3 | never | 0.800 | 3 |",
    ]


def test_a_row_holds_the_means_over_seeds_of_validation_before_test():
    def of_seed(value):
        figures = {"accuracy": value, "macro_f1": value / 2, "first_page_accuracy": 1}
        return {"test": {**figures, "accuracy": 0.1}, "validation": figures}

    cells = "0.700 | 0.350 | 1.000 | 0.100 | 0.350 | 1.000"
    assert row("plain", [of_seed(0.6), of_seed(0.8)]) == f"| plain | 2 | {cells} |"
