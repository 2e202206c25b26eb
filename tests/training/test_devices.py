"""What is trained, loaded and asked stays on one device, here a second one that is also the
processor, because MXNet does not refuse to mix those two: a GPU's arrays it would.
"""

import sys

import mxnet as mx
import numpy as np
import pytest
from mxnet.ndarray import register
from tests.builders import make_channel
from tests.labelled import channel_of
from tests.models.tiny_bert import write_tiny_bert

from common.job.pretrained import Pretrained
from common.job.tables import ImageHyperparameters, TextHyperparameters
from common.models.image_cnn import load_image_model
from common.models.image_training import fit_image_model, try_image_rates
from common.models.text import fit_text_model, load_text_model
from common.pages.bitmaps import BitmapCache
from common.pages.channel import read_channel
from common.pages.outputs import HELD_OUT
from common.training import devices
from common.training.checkpoints import Checkpoints
from common.training.run import Run

OTHER = mx.cpu(1)


@pytest.fixture
def used(monkeypatch):
    """The devices of every operation's arrays but a copy's, while `device` is another one."""
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
    monkeypatch.setattr(devices, "device", lambda: OTHER)
    return seen


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
    assert used == {OTHER}
    for net in (*model.nets, *loaded.nets):
        assert {p.data().context for p in net.collect_params().values()} == {OTHER}
    np.testing.assert_allclose(again, said, rtol=1e-5)


def test_an_image_model_that_goes_on_from_an_earlier_one(pages, used):
    train, validation, bitmaps = pages
    earlier, _ = fit_image_model(train, validation, train.classes, IMAGE, bitmaps, Run())
    given = Pretrained(None, "earlier", earlier.nets[0], train.classes)
    run = Run(pretrained=given)
    fit_image_model(train, validation, train.classes, IMAGE, bitmaps, run)
    assert used == {OTHER}


def test_the_rates_of_an_image_model(pages, used):
    train, _, bitmaps = pages
    assert try_image_rates(train, train.classes, IMAGE, bitmaps)
    assert used == {OTHER}


@pytest.mark.parametrize("encoder", ["cnn", "bert"])
def test_a_text_model(encoder, used, tmp_path):
    channel = channel_of([("contract", ["der vertrag gilt"] * 3), ("invoice", ["summe steuer"])])
    hp = TextHyperparameters(
        encoder=encoder, epochs=1, embedding=4, filters=4, max_tokens=20, learning_rate=0.01
    )
    if encoder == "bert":
        write_tiny_bert(tmp_path, channel.texts)
    run = Run(pretrained=Pretrained(tmp_path, "bert") if encoder == "bert" else None)
    model, _ = fit_text_model(channel, channel, channel.classes, hp, run)
    out = tmp_path / "model"
    out.mkdir()
    model.save(out)
    loaded = load_text_model(out, model.classes, hp)
    loaded.outputs(channel, HELD_OUT)
    loaded.explain(channel, channel.labels, 2)
    assert used == {OTHER}


@pytest.mark.parametrize(
    "found, where, told",
    [(0, mx.cpu(), "the processor"), (1, mx.gpu(0), "the GPU"), (4, mx.gpu(0), "one of 4 GPUs")],
)
def test_a_gpu_is_taken_where_there_is_one(monkeypatch, found, where, told):
    monkeypatch.setattr(mx.context, "num_gpus", lambda: found)
    made = devices.on_device(mx.context.current_context)()
    assert (made, devices.described()) == (where, told)
