import dataclasses

import numpy as np
import pytest
from PIL import Image
from tests.sample import SAMPLE

from common.job.tables import ImageHyperparameters
from common.models.image_cnn import forward, load_image_model
from common.models.image_training import fit_image_model
from common.pages.bitmaps import BitmapCache
from common.pages.channel import read_channel
from common.pages.outputs import HELD_OUT
from common.training.run import Run

SMALL = {"height": 64, "width": 48, "depth": 3, "start_filter": 8, "max_lr": 0.05}
HYPERPARAMETERS = ImageHyperparameters(epochs=8, cycle_length=4, **SMALL)


@pytest.fixture(scope="module")
def sample():
    channels = [read_channel(SAMPLE / part) for part in ("train", "validation", "test")]
    with BitmapCache(64, 48) as bitmaps:
        for channel in channels:
            bitmaps.add(channel)
        yield *channels, bitmaps


def fit(sample, hyperparameters=HYPERPARAMETERS):
    train, validation, _, bitmaps = sample
    return fit_image_model(train, validation, train.classes, hyperparameters, bitmaps, Run())


@pytest.fixture(scope="module")
def trained(sample):
    return fit(sample)


def test_it_learns_real_pages(trained, sample):
    """Above the most frequent class, 0.23 of the test pages, on pages of 64 × 48 pixels."""
    model, history = trained
    outputs = model.outputs(sample[2], HELD_OUT, sample[3])
    predicted = [outputs.classes[index] for index in outputs.probabilities.argmax(axis=1)]
    assert np.mean(np.array(predicted) == sample[2].labels) > 0.4
    assert history.epochs[-1]["train_loss"] < history.epochs[0]["train_loss"]


def test_page_outputs_hold_the_aspects_of_the_images_themselves(trained, sample):
    test, files = sample[2], sample[3]
    expected = []
    for page in test.pages:
        with Image.open(test.image_path(page)) as image:
            expected.append(np.log(image.height / image.width))
    found = trained[0].outputs(test, HELD_OUT, files).descriptors["aspect"]
    assert np.ptp(found) > 0.05  # there are several formats
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_the_history_holds_the_triangular_rate(trained):
    rates = [rate for _, rate in trained[1].rates]
    assert len(rates) == 8 * 18  # 186 pages in batches of 10, the rest waits
    assert rates[0] == pytest.approx(0.0001)
    assert max(rates) == pytest.approx(0.05)
    assert rates[4 * 18] == pytest.approx(0.0001)


def test_what_was_saved_says_the_same_and_so_does_training_anew(trained, sample, tmp_path):
    model = trained[0]
    model.save(tmp_path)
    loaded = load_image_model(tmp_path, model.classes, HYPERPARAMETERS)
    again = fit(sample)[0]
    first, *others = (m.outputs(sample[2], HELD_OUT, sample[3]) for m in (model, loaded, again))
    for other in others:
        np.testing.assert_array_equal(first.probabilities, other.probabilities)


def test_a_page_does_not_depend_on_the_pages_beside_it(trained, sample):
    net, pages = trained[0].nets[0], sample[3].read_pages(sample[2])
    together = forward(net, pages)[1]
    alone = np.concatenate([forward(net, pages[row : row + 1])[1] for row in (0, 9)])
    np.testing.assert_allclose(together[[0, 9]], alone, atol=1e-5)


def test_pages_without_bitmap_get_an_answer_and_are_marked(trained, sample):
    without = dataclasses.replace(sample[2].pages[0], image=None)
    channel = type(sample[2])("test", sample[2].folder, (without, sample[2].pages[1]))
    outputs = trained[0].outputs(channel, HELD_OUT, sample[3])
    assert outputs.present.tolist() == [False, True]
    np.testing.assert_allclose(outputs.probabilities.sum(axis=1), 1, rtol=1e-5)
