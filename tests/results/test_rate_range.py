import json
from xml.etree import ElementTree

import numpy as np
import pytest

from common.results.rate_range import rate_range, rate_range_chart, write_rate_range

RATES = np.geomspace(1e-5, 10, 241)


def valley(noise=0.0):
    """2 up to a rate of .001, down to 1 at .1 in a straight line on the log axis, then ruin."""
    place = np.interp(np.log10(RATES), [-5, -3, -1, 0, 1], [2, 2, 1, 1, 6])
    place += noise * np.random.default_rng(0).standard_normal(len(RATES))
    return list(zip(RATES, place, strict=True))


@pytest.mark.parametrize("noise", [0.0, 0.15])
def test_the_proposal_is_where_the_fall_begins_and_where_the_loss_is_lowest(noise):
    found = rate_range(valley(noise))
    assert 0.0008 < found.min_lr < 0.003
    assert 0.09 < found.max_lr < 1


@pytest.mark.parametrize("seed", range(5))
def test_what_falls_again_after_a_rise_is_another_matter(seed):
    """As of a network that comes apart at .03 and from .3 on says the same of every page."""
    place = np.interp(np.log10(RATES), [-5, -4, -2, -1, 0, 1], [5, 5, 3, 4, 2.5, 9])
    place += 0.5 * np.random.default_rng(seed).standard_normal(len(RATES))
    found = rate_range(list(zip(RATES, place, strict=True)))
    assert 3e-5 < found.min_lr < 5e-4
    assert 5e-3 < found.max_lr < 2e-2


@pytest.mark.parametrize("seed", range(5))
def test_a_wave_of_chance_is_no_rise(seed):
    place = np.interp(np.log10(RATES), [-5, -4, 0, 1], [5, 5, 2, 9])
    place += 0.5 * np.random.default_rng(seed).standard_normal(len(RATES))
    assert 0.05 < rate_range(list(zip(RATES, place, strict=True))).max_lr < 2.5


def test_what_rises_before_it_falls_does_not_begin_there():
    place = np.interp(np.log10(RATES), [-5, -4, -3, -1, 0, 1], [4, 4, 5, 3, 6, 9])
    found = rate_range(list(zip(RATES, place, strict=True)))
    assert 8e-4 < found.min_lr < 4e-3
    assert 0.05 < found.max_lr < 0.13


def test_nothing_is_proposed_where_nothing_falls():
    flat = [(rate, 2.0 + 0.01 * (step % 2)) for step, rate in enumerate(RATES)]
    rising = [(rate, 2 + rate) for rate in RATES]
    for points in (flat, rising, []):
        found = rate_range(points)
        assert (found.min_lr, found.max_lr) == (None, None)
        assert "no learning rates" in found.proposal


def test_the_mean_moves_with_the_losses_and_not_after_them():
    steps = [(rate, float(step)) for step, rate in enumerate(RATES)]
    np.testing.assert_allclose(rate_range(steps).smooth[20:-20], np.arange(241)[20:-20])


def test_the_files_hold_the_run_the_proposal_and_a_picture(tmp_path):
    found = rate_range(valley())
    write_rate_range(tmp_path, found)
    written = json.loads((tmp_path / "lr_range_test.json").read_text())
    assert (written["min_lr"], written["max_lr"]) == (found.min_lr, found.max_lr)
    assert len(written["rates"]) == len(written["losses"]) == len(written["smooth"]) == 241
    picture = (tmp_path / "lr_range_test.svg").read_text()
    ElementTree.fromstring(picture)
    for variable in {part.split(")")[0] for part in picture.split("var(")[1:]}:
        assert f"{variable}:#" in picture
    assert f"max_lr {found.max_lr:g}" in picture


def test_the_picture_of_a_run_without_proposal_has_no_lines():
    assert "max_lr" not in rate_range_chart(rate_range([(rate, 2.0) for rate in RATES])).svg
