import numpy as np
import pytest
from tests.builders import make_channel

from common.job.tables import ImageHyperparameters
from common.models.image_cnn import ImageModel, load_image_model
from common.models.image_training import fit_image_model
from common.pages.bitmaps import BitmapCache
from common.pages.channel import read_channel
from common.pages.outputs import HELD_OUT
from common.training.run import Run

SMALL = {"height": 32, "width": 32, "depth": 1, "cycle_length": 2, "max_lr": 0.01}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    root = tmp_path_factory.mktemp("pages")
    make_channel(root / "train", *"abcdef")
    make_channel(root / "validation", "z")
    channels = [read_channel(root / part) for part in ("train", "validation")]
    with BitmapCache(32, 32) as bitmaps:
        for channel in channels:
            bitmaps.add(channel)
        yield *channels, bitmaps


def fit(pages, **values):
    train, validation, bitmaps = pages
    table = ImageHyperparameters(**{"epochs": 1, **SMALL, **values})
    return fit_image_model(train, validation, train.classes, table, bitmaps, Run())


def weights(model):
    """By name within the network."""
    return {name: p.data().asnumpy() for name, p in model.nets[0].collect_params().items()}


@pytest.mark.parametrize("schedule", ["triangular2", "cosine"])
def test_the_history_tells_of_the_schedule(pages, schedule):
    _, history = fit(pages, schedule=schedule, epochs=4)
    rates = [rate for _, rate in history.rates]
    half = len(rates) // 2
    if schedule == "cosine":
        assert rates[0] == rates[half] == max(rates) == 0.01
    else:
        assert max(rates[:half]) == pytest.approx(0.01)
        assert max(rates[half:]) == pytest.approx((0.01 + 0.0001) / 2)


@pytest.mark.parametrize(
    "values",
    [
        {"momentum": 0.9},
        {"momentum": 0.9, "optimizer": "nag"},
        {"optimizer": "adam"},
        {"optimizer": "adam", "momentum": 0.5},
        {"momentum": 0.9, "cycle_momentum": True, "min_momentum": 0.5},
        {"weight_decay": 0.5},
        {"schedule": "cosine"},
    ],
)
def test_every_choice_changes_what_is_learnt(pages, values):
    plain, other = weights(fit(pages)[0]), weights(fit(pages, **values)[0])
    name = next(name for name in plain if name.endswith("dense0_weight"))
    assert np.abs(plain[name] - other[name]).max() > 1e-6


def test_weight_decay_draws_weights_to_zero_and_leaves_biases_and_scales_alone(pages):
    """Of a single step, w ← w − rate · (gradient + decay · w)."""
    one_step = {"min_lr": 0.1, "max_lr": 0.1, "batch_size": 4096}
    none, half, whole = (weights(fit(pages, **one_step, weight_decay=d)[0]) for d in (0, 0.5, 1))
    for name in none:
        drawn = [none[name] - other[name] for other in (half, whole)]
        if name.endswith("weight"):
            np.testing.assert_allclose(drawn[1], 2 * drawn[0], atol=1e-6)
            assert np.abs(drawn[1]).max() > 0.01
        else:
            np.testing.assert_array_equal(drawn, np.zeros_like(drawn))


def test_a_snapshot_ensemble_is_the_mean_of_the_last_cycles_ends(pages, tmp_path):
    """Of a run with two epochs more, the networks after epochs 4 and 2 of runs that end there."""
    values = {"epochs": 6, "snapshot_ensemble": 2}
    model, history = fit(pages, **values)
    assert len(history.epochs) == 6
    assert len(model.nets) == 2
    single = [fit(pages, epochs=epochs, snapshot_ensemble=epochs // 2)[0] for epochs in (6, 4)]
    for net, alone in zip(model.nets, single, strict=True):
        for name, parameter in net.collect_params().items():
            expected = alone.nets[0].collect_params()[name].data().asnumpy()
            np.testing.assert_array_equal(parameter.data().asnumpy(), expected)

    channel, bitmaps = pages[1], pages[2]
    together = model.outputs(channel, HELD_OUT, bitmaps)
    apart = [
        ImageModel(model.classes, model.hyperparameters, (net,)).outputs(channel, HELD_OUT, bitmaps)
        for net in model.nets
    ]
    for name in ("probabilities", "first_page", "last_page"):
        mean = np.mean([getattr(one, name) for one in apart], axis=0)
        np.testing.assert_allclose(getattr(together, name), mean, atol=1e-6)
    np.testing.assert_array_equal(together.embedding, apart[0].embedding)
    assert np.abs(apart[0].probabilities - apart[1].probabilities).max() > 1e-4

    model.save(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"weights.params", "weights-2.params"}
    loaded = load_image_model(tmp_path, model.classes, model.hyperparameters)
    again = loaded.outputs(channel, HELD_OUT, bitmaps)
    np.testing.assert_array_equal(again.probabilities, together.probabilities)
