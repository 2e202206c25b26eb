import numpy as np
import pytest
from tests.models.test_sequence import CLASSES, streams_of

from common.models.chain_crf import ChainScores
from common.models.chain_model import SideBySide, _mean_loss
from common.models.temperature import best_temperature
from common.pages.recombination import original_streams


def test_the_best_temperature_is_that_of_the_lowest_loss():
    """Against a grid, on scores that are surer than they are right."""
    rng = np.random.default_rng(0)
    truths = original_streams(streams_of(3), CLASSES)
    groups = []
    for place, truth in enumerate(truths):
        right = rng.random(len(truth.labels)) < 0.8
        said = np.where(right, truth.labels, (truth.labels + 1) % 3)
        bonus = 6.0 * np.eye(3)[said]
        first = bonus + 4.0 * truth.starts[:, None]
        scores = ChainScores(first[:, None], bonus[:, None], np.zeros((3, 3)))
        groups.append(SideBySide([place], [len(said)], scores))
    best = best_temperature(lambda log: _mean_loss(groups, truths, np.exp(log)))
    grid = np.linspace(0.5, 4, 60)
    losses = [_mean_loss(groups, truths, temperature) for temperature in grid]
    assert best == pytest.approx(grid[int(np.argmin(losses))], abs=0.1)


@pytest.mark.parametrize(("slope", "end"), [(1, 0.5), (-1, 4)])
def test_a_loss_that_falls_on_and_on_does_not_lead_out_of_the_range(slope, end):
    assert best_temperature(lambda log: slope * log) == pytest.approx(end, rel=1e-4)
