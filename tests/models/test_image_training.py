from dataclasses import replace

import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon
from tests.builders import decoded_channels

from common.job.tables import ImageHyperparameters
from common.models.image_cnn import ImageModel, load_image_model
from common.models.image_training import fit_image_model, initialised
from common.pages.outputs import HELD_OUT
from common.training.loop import train_step
from common.training.run import Run
from common.training.standing import parameters_of

SMALL = {"height": 32, "width": 32, "depth": 1, "cycle_length": 2, "max_lr": 0.01}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    with decoded_channels(tmp_path_factory.mktemp("pages")) as decoded:
        yield decoded


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


def test_a_page_of_a_rare_class_counts_as_much_more_as_it_is_told_to(pages):
    """One step on two pages of letters and 24 of invoices."""
    train, validation, bitmaps = pages
    rows = [row for row, label in enumerate(train.labels) if label == "invoice" or row < 2]
    few = train.take(rows)
    one_step = {"min_lr": 0.1, "max_lr": 0.1, "batch_size": 4096}

    def pull(weighting):
        """To letters, away from invoices."""
        model, _ = fit((few, validation, bitmaps), **one_step, class_weighting=weighting)
        found = weights(model)
        name = next(name for name in found if name.endswith("dense0_bias"))
        invoices, letters = found[name][:2]
        return letters - invoices

    assert [few.labels.count(label) for label in ("letter", "invoice")] == [2, 24]
    pages_alike, between, classes_alike = (pull(weighting) for weighting in (0, 0.5, 1))
    assert pages_alike < between < classes_alike
    assert abs(classes_alike) < abs(pages_alike) / 2


@pytest.mark.parametrize("figure", ["loss", "accuracy", "macro_f1"])
def test_the_named_figure_chooses_the_epoch_and_patience_ends_the_run(pages, figure):
    """At a rate so low that hardly anything changes, and one so high that it gets worse."""
    _, history = fit(pages, epochs=12, max_lr=0.3, choose_by=figure, patience=2)
    found = [row[f"validation_{figure}"] for row in history.epochs]
    best = min(found) if figure == "loss" else max(found)
    assert found[history.kept - 1] == best
    assert len(found) < 12
    assert len(found) == history.kept + 2


def test_probabilities_are_calibrated_on_validation(pages):
    """No temperature says more of what the validation pages are, but for a doubt of it."""
    model, _ = fit(pages, epochs=2)
    channel, bitmaps = pages[1], pages[2]
    raw = replace(model, temperature=1.0).outputs(channel, HELD_OUT, bitmaps)
    assert raw.classes == model.classes
    truth = [model.classes.index(label) for label in channel.labels]

    def doubtful_loss(temperature):
        likely = tempered(raw.probabilities, temperature)[np.arange(len(truth)), truth]
        return -np.log(likely).sum() + (np.log(temperature) / 0.5) ** 2 / 2

    around = [doubtful_loss(model.temperature * factor) for factor in (0.95, 1, 1.05)]
    assert min(around) == around[1]
    assert model.temperature != pytest.approx(1, abs=0.01)
    found = model.outputs(channel, HELD_OUT, bitmaps).probabilities
    np.testing.assert_allclose(found, tempered(raw.probabilities, model.temperature), atol=1e-6)


def tempered(probabilities, temperature):
    powers = probabilities.astype(np.float64) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


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
    for name in ("first_page", "last_page"):
        mean = np.mean([getattr(one, name) for one in apart], axis=0)
        np.testing.assert_allclose(getattr(together, name), mean, atol=1e-6)
    mean = np.mean([one.probabilities for one in apart], axis=0)
    np.testing.assert_allclose(together.probabilities, tempered(mean, model.temperature), atol=1e-6)
    predicted = np.array(together.classes)[mean.argmax(axis=1)]
    found = history.best()
    assert found["validation_accuracy"] == np.mean(predicted == channel.labels)
    assert found["validation_loss"] not in [row["validation_loss"] for row in history.epochs]
    np.testing.assert_array_equal(together.embedding, apart[0].embedding)
    assert np.abs(apart[0].probabilities - apart[1].probabilities).max() > 1e-4

    model.save(tmp_path)
    files = {"weights.params", "weights-2.params", "calibration.json"}
    assert {file.name for file in tmp_path.iterdir()} == files
    loaded = load_image_model(tmp_path, model.classes, model.hyperparameters)
    again = loaded.outputs(channel, HELD_OUT, bitmaps)
    np.testing.assert_array_equal(again.probabilities, together.probabilities)


def test_parameters_are_copied_when_a_step_has_written_all_of_them():
    """Statistics of batch norm too, which the engine would copy while they are written."""
    hp = ImageHyperparameters(height=64, width=48, depth=3, start_filter=8)
    net = initialised(["a", "b"], hp)
    trainer = gluon.Trainer(net.collect_params(), "sgd", kvstore=None)
    for _ in range(20):
        pages = mx.nd.random.uniform(shape=(8, 1, 64, 48))
        train_step(trainer, lambda batch: net(batch)[1].square().sum(axis=1), pages, 0.01, seed=1)
        copied = parameters_of(net)
        mx.nd.waitall()
        for name, parameter in net.collect_params().items():
            assert (copied[name] == parameter.data()).asnumpy().all(), name
