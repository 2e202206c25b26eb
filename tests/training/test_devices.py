"""What is trained, loaded and asked stays on the GPU; on several, each learns from its part.

The GPUs are stood in for by further processors, which MXNet keeps apart from the first like them.
It does not refuse to mix their arrays, as it would those of GPUs, so each operation is watched.
"""

import sys
from dataclasses import replace

import mxnet as mx
import numpy as np
import pytest
from mxnet.ndarray import register
from tests.builders import decoded_channels
from tests.labelled import channel_of
from tests.models.tiny_bert import write_tiny_bert
from tests.rounded import round_convolutions

from common.job.pretrained import Pretrained
from common.job.tables import ImageHyperparameters, TextHyperparameters
from common.models.image_cnn import load_image_model
from common.models.image_training import fit_image_model, try_image_rates
from common.models.text import fit_text_model, load_text_model
from common.pages.outputs import HELD_OUT
from common.training import devices
from common.training.checkpoints import Checkpoints
from common.training.run import Run
from common.training.team import Team

GPUS = [mx.cpu(1), mx.cpu(2)]
ALONE = Run()


@pytest.fixture
def used(monkeypatch):
    """The devices of every operation's arrays but a copy's, where there is one GPU."""
    seen, invoke, call = set(), register._imperative_invoke, mx.ndarray.CachedOp.__call__

    def note(arrays):
        on = {array.context for array in arrays if isinstance(array, mx.nd.NDArray)}
        seen.update(on)
        assert len(on) < 2, f"one operation on {on}"

    def watched(handle, arrays, *args):
        if sys._getframe(1).f_code.co_name != "_copyto":
            note(arrays)
        return invoke(handle, arrays, *args)

    def compiled(self, *args, **kwargs):
        note(args)
        return call(self, *args, **kwargs)

    monkeypatch.setattr(register, "_imperative_invoke", watched)
    monkeypatch.setattr(mx.ndarray.CachedOp, "__call__", compiled)
    have_gpus(monkeypatch, 1)
    return seen


def have_gpus(monkeypatch, count):
    monkeypatch.setattr(mx.context, "num_gpus", lambda: count)
    monkeypatch.setattr(mx, "gpu", lambda index: mx.cpu(1 + index))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    with decoded_channels(tmp_path_factory.mktemp("pages")) as decoded:
        yield decoded


IMAGE = ImageHyperparameters(
    height=32, width=32, depth=1, epochs=4, cycle_length=2, snapshot_ensemble=2, optimizer="nag"
)


def test_an_image_model(pages, used, tmp_path):
    train, validation, bitmaps = pages
    run = Run(checkpoints=Checkpoints(tmp_path / "checkpoints"))
    fit_image_model(train, validation, train.classes, IMAGE, bitmaps, run)
    # Again, from its last checkpoint.
    model, _ = fit_image_model(train, validation, train.classes, IMAGE, bitmaps, run)
    said = model.outputs(validation, HELD_OUT, bitmaps).probabilities
    model.save(tmp_path)
    loaded = load_image_model(tmp_path, model.classes, IMAGE)
    again = loaded.outputs(validation, HELD_OUT, bitmaps).probabilities
    assert used == {GPUS[0]}
    for net in (*model.nets, *loaded.nets):
        assert {p.data().context for p in net.collect_params().values()} == {GPUS[0]}
    np.testing.assert_allclose(again, said, rtol=1e-5)


def test_an_image_model_that_goes_on_from_an_earlier_one(pages, used):
    train, validation, bitmaps = pages
    earlier, _ = fit_image_model(train, validation, train.classes, IMAGE, bitmaps, Run())
    given = Pretrained(None, "earlier", earlier.nets[0], train.classes)
    run = Run(pretrained=given)
    fit_image_model(train, validation, train.classes, IMAGE, bitmaps, run)
    assert used == {GPUS[0]}


def test_the_rates_of_an_image_model(pages, used):
    train, _, bitmaps = pages
    assert try_image_rates(train, train.classes, IMAGE, bitmaps)
    assert used == {GPUS[0]}


@pytest.mark.parametrize("encoder", ["cnn", "bert"])
def test_a_text_model(encoder, used, tmp_path):
    channel = channel_of([("contract", ["der vertrag gilt"] * 3), ("invoice", ["summe steuer"])])
    hp = TextHyperparameters(
        encoder=encoder, epochs=1, embedding=4, filters=4, max_tokens=20, learning_rate=0.01
    )
    if encoder == "bert":
        write_tiny_bert(tmp_path, channel.texts)
        used.clear()
    run = Run(pretrained=Pretrained(tmp_path, "bert") if encoder == "bert" else None)
    model, _ = fit_text_model(channel, channel, channel.classes, hp, run)
    out = tmp_path / "model"
    out.mkdir()
    model.save(out)
    loaded = load_text_model(out, model.classes, hp)
    loaded.outputs(channel, HELD_OUT)
    loaded.explain(channel, channel.labels, 2)
    assert used == {GPUS[0]}


def with_gpus(monkeypatch, pages, count, run=ALONE, **values):
    """What an image model has learnt, by name, and its losses."""
    train, validation, bitmaps = pages
    have_gpus(monkeypatch, count)
    hp = IMAGE.model_copy(update={"snapshot_ensemble": 1, **values})
    model, history = fit_image_model(train, validation, train.classes, hp, bitmaps, run)
    learnt = model.nets[0].collect_params()
    losses = [epoch["train_loss"] for epoch in history.epochs]
    return {name: value.data(GPUS[0]).asnumpy() for name, value in learnt.items()}, losses


def test_heads_learn_from_two_gpus_what_they_learn_from_one(monkeypatch, pages):
    """Below them nothing depends on which pages are looked at together."""
    still = {"freeze": 1, "dropout": 0.0, "batch_size": 5}
    one, losses = with_gpus(monkeypatch, pages, 1, **still)
    two, again = with_gpus(monkeypatch, pages, 2, **still)
    for name, value in one.items():
        np.testing.assert_allclose(two[name], value, rtol=1e-4, atol=1e-6, err_msg=name)
    np.testing.assert_allclose(again, losses, rtol=1e-5)


def test_two_gpus_have_the_same_network_at_the_end_of_every_epoch(monkeypatch, pages):
    train, validation, bitmaps = pages
    have_gpus(monkeypatch, 2)
    seen = []

    def compare(net):
        for name, parameter in net.collect_params().items():
            first, second = (copy.asnumpy() for copy in parameter.list_data())
            np.testing.assert_array_equal(first, second, err_msg=name)
            seen.append(name)

    settle = Team.settle
    monkeypatch.setattr(
        Team, "settle", lambda self, e, net: (settle(self, e, net), compare(net))[0]
    )
    fit_image_model(train, validation, train.classes, IMAGE, bitmaps, Run())
    assert any("running" in name for name in seen)


def test_float16_with_a_scaled_loss_makes_an_artifact_like_any_other(monkeypatch, pages, tmp_path):
    round_convolutions(monkeypatch)
    run = Run(checkpoints=Checkpoints(tmp_path / "checkpoints"))
    short, losses = with_gpus(monkeypatch, pages, 2, run, precision="float16", dropout=0.0)
    again, resumed = with_gpus(monkeypatch, pages, 2, run, precision="float16", dropout=0.0)
    long, expected = with_gpus(monkeypatch, pages, 2, dropout=0.0)
    assert losses == resumed
    assert losses != expected
    np.testing.assert_allclose(losses, expected, rtol=0.02)
    for name, value in long.items():
        assert short[name].dtype == value.dtype == np.float32
        np.testing.assert_array_equal(short[name], again[name], err_msg=name)


def test_training_on_two_gpus_goes_on_from_its_checkpoint(monkeypatch, pages, tmp_path):
    def stop(epoch, scores):
        if epoch.number == 3:
            raise KeyboardInterrupt

    whole, losses = with_gpus(monkeypatch, pages, 2)
    run = Run(checkpoints=Checkpoints(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        with_gpus(monkeypatch, pages, 2, replace(run, report=stop))
    resumed, again = with_gpus(monkeypatch, pages, 2, run)
    assert again == losses
    for name, value in whole.items():
        np.testing.assert_array_equal(resumed[name], value, err_msg=name)


@pytest.mark.parametrize(
    ("found", "expected"), [(0, [mx.cpu()]), (1, [mx.gpu(0)]), (2, [mx.gpu(0), mx.gpu(1)])]
)
def test_gpus_are_taken_where_there_are_some(monkeypatch, found, expected):
    monkeypatch.setattr(mx.context, "num_gpus", lambda: found)
    assert devices.devices() == expected
    assert devices.on_device(mx.context.current_context)() == expected[0]
