"""Going on from an earlier model that told other classes apart: the encoders and the CNN."""

from pathlib import Path

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd
from tests.builders import make_channel
from tests.labelled import channel_of
from tests.models.tiny_bert import write_tiny_bert
from tests.sample import SAMPLE

from common.job.pretrained import Pretrained
from common.job.tables import ImageHyperparameters, TextHyperparameters
from common.models.augmentation import darkness_of
from common.models.image_cnn import forward
from common.models.image_training import fit_image_model, initialised
from common.models.text import fit_text_model
from common.pages.bitmaps import BitmapCache
from common.pages.channel import read_channel
from common.training.checkpoints import Checkpoints
from common.training.run import Run

pytestmark = pytest.mark.slow

CONTRACT, INVOICE = "der vertrag gilt zwischen den parteien ", "rechnung summe betrag steuer "
ANNEX = "anlage zum vertrag mit betrag und steuer "
PAGES = [CONTRACT, CONTRACT * 2], [INVOICE, INVOICE * 2]
EARLIER = channel_of([("contract", PAGES[0]), ("invoice", PAGES[1])] * 2)
# With a class that comes before the others, so that they move, and without one of them.
LATER = channel_of([("annex", [ANNEX] * 3), ("invoice", PAGES[1])])
TEXTS = [CONTRACT * 3, INVOICE + ANNEX, "zwischen", ""]
TABLES = {
    "ngram": TextHyperparameters(epochs=3),
    "hidden": TextHyperparameters(epochs=3, hidden=6),
    "cnn": TextHyperparameters(epochs=3, encoder="cnn", embedding=4, filters=4),
    "bert": TextHyperparameters(epochs=2, encoder="bert", max_tokens=40, unfreeze=1),
}
LEARNING_TRUNKS = ("hidden", "cnn", "bert")


def fit(train, hyperparameters, pretrained=None, classes=None):
    run = Run(pretrained=pretrained)
    return fit_text_model(train, train, classes or train.classes, hyperparameters, run)[0]


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    """Of each encoder one that tells contracts from invoices."""
    bert = tmp_path_factory.mktemp("bert")
    write_tiny_bert(bert, [CONTRACT, INVOICE, ANNEX])
    found = {}
    for name, table in TABLES.items():
        start = Pretrained(bert, "bert") if name == "bert" else None
        model = fit(EARLIER, table, start)
        found[name] = Pretrained(Path("nowhere"), name, model.encoder, model.classes)
    return found


def head_names(net, name):
    return set(net.heads_axes if name in ("ngram", "hidden") else net.heads.collect_params())


def values(net):
    return {name: parameter.data().asnumpy() for name, parameter in net.collect_params().items()}


@pytest.mark.parametrize("name", TABLES)
def test_it_begins_by_saying_what_the_earlier_one_said(earlier, name):
    """Of the class that both know, and of the boundaries; it has hardly learnt anything yet."""
    still = TABLES[name].model_copy(update={"epochs": 1, "learning_rate": 1e-12})
    model = fit(LATER, still, earlier[name])
    said, before = (encoder.forward(TEXTS) for encoder in (model.encoder, earlier[name].earlier))
    np.testing.assert_allclose(said[1][:, [1, -2, -1]], before[1][:, [1, -2, -1]], atol=1e-5)
    assert np.abs(before[1][:, 0] - before[1][:, 1]).max() > 1e-4
    assert np.abs(said[1][:, 0] - before[1][:, 0]).max() > 1e-4  # an annex is no contract
    if name != "ngram":  # whose embedding the heads themselves are
        np.testing.assert_allclose(said[0], before[0], atol=1e-5)


def test_classes_are_found_by_name_wherever_they_stand(earlier):
    still = TABLES["hidden"].model_copy(update={"epochs": 1, "learning_rate": 1e-12})
    turned = ("invoice", "new", "contract")
    model = fit(EARLIER, still, earlier["hidden"], classes=turned)
    said, before = (one.forward(TEXTS)[1] for one in (model.encoder, earlier["hidden"].earlier))
    np.testing.assert_allclose(said[:, [2, 0, 3, 4]], before, atol=1e-5)


def test_what_it_looks_at_stays(earlier):
    """Words that only the new pages have would be chosen by a model that begins anew."""
    wide = {"max_features": 64, "min_frequency": 1}
    old, new = (
        (earlier[name].earlier, fit(LATER, TABLES[name].model_copy(update=wide), earlier[name]))
        for name in ("ngram", "cnn")
    )
    np.testing.assert_array_equal(old[0].features.selected, old[1].encoder.features.selected)
    np.testing.assert_array_equal(old[0].features.idf, old[1].encoder.features.idf)
    assert "anlage" not in new[1].encoder.vocabulary.idx_to_token
    assert new[0].vocabulary.idx_to_token == new[1].encoder.vocabulary.idx_to_token


@pytest.mark.parametrize("freeze", [True, False])
@pytest.mark.parametrize("name", LEARNING_TRUNKS)
def test_a_frozen_trunk_stays_to_the_bit_and_the_heads_learn(earlier, name, freeze):
    table = TABLES[name].model_copy(update={"freeze": freeze})
    net = fit(LATER, table, earlier[name]).encoder.net
    before, after = values(earlier[name].earlier.net), values(net)
    heads = head_names(net, name)
    unchanged = {key for key in set(after) - heads if np.array_equal(after[key], before[key])}
    assert (unchanged == set(after) - heads) == freeze
    for key in heads:
        assert np.abs(after[key][-2:] - before[key][-2:]).max() > 1e-5


def test_an_earlier_model_remains_what_it_was(earlier):
    before = values(earlier["hidden"].earlier.net)
    fit(LATER, TABLES["hidden"], earlier["hidden"])
    after = values(earlier["hidden"].earlier.net)
    assert all(np.array_equal(before[name], after[name]) for name in before)


class Stopped(Exception):
    pass


def test_a_run_goes_on_from_its_own_checkpoint_alone(tmp_path, earlier):
    """A run that starts from elsewhere is another run, though its pages and table are the same."""
    table = TABLES["hidden"]
    elsewhere = fit(EARLIER, table.model_copy(update={"seed": 2}))
    other = Pretrained(Path("nowhere"), "other", elsewhere.encoder, elsewhere.classes)

    def stop(epoch, scores):
        if epoch.number == 2:
            raise Stopped

    def go_on(pretrained, report=lambda epoch, scores: None):
        run = Run(report, Checkpoints(tmp_path), pretrained)
        return fit_text_model(LATER, LATER, LATER.classes, table, run)[0].encoder.net

    with pytest.raises(Stopped):
        go_on(earlier["hidden"], stop)
    for start in (other, earlier["hidden"]):
        nets = go_on(start), fit(LATER, table, start).encoder.net
        resumed, whole = map(values, nets)
        assert all(np.array_equal(resumed[name], whole[name]) for name in whole)


@pytest.fixture(scope="module")
def sample():
    """Train and validation without tax forms; few pages of all classes, validation, the classes."""
    train, validation, test = (
        read_channel(SAMPLE / part, labelled=True) for part in ("train", "validation", "test")
    )
    seven = [
        channel.take(row for row, label in enumerate(channel.labels) if label != "tax_form")
        for channel in (train, validation)
    ]
    return *seven, test.take(range(0, len(test), 3)), validation, tuple(train.classes)


@pytest.mark.parametrize(
    "table",
    [TextHyperparameters(epochs=12, hidden=hidden, max_features=2048) for hidden in (0, 16)],
)
def test_few_pages_teach_more_when_the_earlier_model_knew_others(sample, table):
    """By .4 and more in log-likelihood with three seeds."""
    seven, seven_validation, few, validation, classes = sample
    before, _ = fit_text_model(seven, seven_validation, seven.classes, table, Run())
    start = Pretrained(Path("nowhere"), "seven", before.encoder, before.classes)
    anew, going_on = (
        fit_text_model(few, validation, classes, table, Run(pretrained=one))[1].best()
        for one in (None, start)
    )
    assert going_on["validation_loss"] < anew["validation_loss"] - 0.3
    assert going_on["validation_accuracy"] > anew["validation_accuracy"] + 0.1


def test_few_bitmaps_teach_more_when_the_earlier_model_knew_others(sample):
    """By .2 and more in log-likelihood with three seeds."""
    seven, seven_validation, few, validation, classes = sample
    sizes = {"height": 64, "width": 48, "depth": 3, "start_filter": 8}
    table = ImageHyperparameters(epochs=8, cycle_length=4, max_lr=0.05, **sizes)
    with BitmapCache(64, 48) as bitmaps:
        for channel in (seven, few, validation):
            bitmaps.add(channel)
        rest = table, bitmaps
        before, _ = fit_image_model(seven, seven_validation, seven.classes, *rest, Run())
        start = Pretrained(Path("nowhere"), "seven", before.nets[0], before.classes)
        anew, going_on = (
            fit_image_model(few, validation, classes, *rest, Run(pretrained=one))[1].best()
            for one in (None, start)
        )
    assert going_on["validation_loss"] < anew["validation_loss"] - 0.1


SMALL = {"height": 32, "width": 32, "depth": 2, "start_filter": 3, "cycle_length": 2}


@pytest.fixture(scope="module")
def bitmaps(tmp_path_factory):
    """(train, validation, their bitmaps), and a network that learnt from them."""
    root = tmp_path_factory.mktemp("pages")
    for part, streams in (("train", "abcd"), ("validation", "z")):
        make_channel(root / part, *streams)
    train, validation = (read_channel(root / part) for part in ("train", "validation"))
    with BitmapCache(32, 32) as cache:
        for channel in (train, validation):
            cache.add(channel)
        table = ImageHyperparameters(epochs=3, **SMALL)
        model, _ = fit_image_model(train, validation, train.classes, table, cache, Run())
        start = Pretrained(Path("nowhere"), "a", model.nets[0], model.classes)
        yield train, validation, cache, start


def test_a_network_begins_by_saying_what_the_earlier_one_said(bitmaps):
    """Before the first step, in the form that is trained."""
    train, _, cache, start = bitmaps
    net = initialised(("annex", "invoice", "letter"), ImageHyperparameters(**SMALL), start)
    pages = cache.read_pages(train)
    said, before = forward(net, pages), forward(start.earlier, pages)
    np.testing.assert_allclose(said[1][:, 1:], before[1], atol=1e-5)
    np.testing.assert_allclose(said[0], before[0], atol=1e-5)


@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_frozen_blocks_stay_to_the_bit_with_their_statistics(bitmaps, frozen):
    train, validation, cache, start = bitmaps
    table = ImageHyperparameters(epochs=2, freeze=frozen, **SMALL)
    run = Run(pretrained=start)
    model, _ = fit_image_model(train, validation, train.classes, table, cache, run)
    net, old = model.nets[0], start.earlier
    before, after = values(old), values(net)
    for layers in (net.convolutions, net.norms):
        for number, layer in enumerate(layers):
            still = number // 2 < frozen  # two convolutions a block
            for name in layer.collect_params():
                assert np.array_equal(before[name], after[name]) == still, name
    for name in net.heads.collect_params():
        assert np.abs(before[name] - after[name]).max() > 1e-5


def test_a_frozen_block_normalises_as_it_does_in_prediction(bitmaps):
    """With everything frozen and no dropout, training sees the maps that prediction sees."""
    train, _, cache, start = bitmaps
    pages = mx.nd.array(darkness_of(cache.read_pages(train)))
    of = {}
    for frozen in (0, 2):
        table = ImageHyperparameters(freeze=frozen, dropout=0, **SMALL)
        net = initialised(train.classes, table, start)
        with autograd.record():
            of[frozen] = net(pages)[1].asnumpy()
    expected = forward(start.earlier, cache.read_pages(train))[1]
    np.testing.assert_allclose(of[2], expected, atol=1e-5)
    assert np.abs(of[0] - expected).max() > 1e-3
