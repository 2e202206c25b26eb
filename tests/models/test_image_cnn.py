import mxnet as mx
import numpy as np
import pytest
from tests.sample import SAMPLE

from common.job.tables import ImageHyperparameters
from common.models.augmentation import augment
from common.models.image_cnn import forward, load_image_model
from common.models.image_network import PageCNN
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


@pytest.mark.parametrize(("depth", "length", "start"), [(1, 1, 4), (3, 2, 4), (5, 3, 2)])
def test_blocks_double_their_filters_and_halve_the_map(depth, length, start):
    table = ImageHyperparameters(
        height=64, width=48, depth=depth, conv_block_length=length, start_filter=start
    )
    net = PageCNN(3, table)
    net.initialize()
    embedding, heads = net(mx.nd.zeros((2, 1, 64, 48)))
    weights = [p.shape for name, p in net.collect_params(".*conv.*weight").items()]
    assert weights == [
        (start * 2**block, 1 if block == place == 0 else start * 2 ** (block - (place == 0)), 3, 3)
        for block in range(depth)
        for place in range(length)
    ]
    assert embedding.shape == (2, start * 2 ** (depth - 1))
    assert heads.shape == (2, 5)
    assert net.trunk(mx.nd.zeros((1, 1, 64, 48))).shape[2:] == (64 >> depth, 48 >> depth)


def test_dropout_acts_in_training_alone():
    net = PageCNN(3, HYPERPARAMETERS.model_copy(update={"dropout": 0.9}))
    net.initialize(mx.init.Normal(1))
    page = mx.nd.random.uniform(shape=(1, 1, 64, 48))
    once, twice = net(page)[1].asnumpy(), net(page)[1].asnumpy()
    np.testing.assert_array_equal(once, twice)
    with mx.autograd.train_mode():
        drawn = [net.dropout(mx.nd.ones((1, 32))).asnumpy() for _ in range(2)]
    assert not np.array_equal(*drawn)


def test_it_learns_real_pages(trained, sample):
    """Above the most frequent class, 0.23 of the test pages, on pages of 64 × 48 pixels."""
    model, history = trained
    outputs = model.outputs(sample[2], HELD_OUT, sample[3])
    predicted = [outputs.classes[index] for index in outputs.probabilities.argmax(axis=1)]
    assert np.mean(np.array(predicted) == sample[2].labels) > 0.4
    assert history.epochs[-1]["train_loss"] < history.epochs[0]["train_loss"]


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
    pages = sample[3].read_pages(sample[2])
    together = forward(trained[0].net, pages)[1]
    alone = np.concatenate([forward(trained[0].net, pages[row : row + 1])[1] for row in (0, 9)])
    np.testing.assert_allclose(together[[0, 9]], alone, atol=1e-5)


def test_pages_without_bitmap_get_an_answer_and_are_marked(trained, sample):
    without = sample[2].pages[0].model_copy(update={"image": None})
    channel = type(sample[2])("test", sample[2].folder, (without, sample[2].pages[1]))
    outputs = trained[0].outputs(channel, HELD_OUT, sample[3])
    assert outputs.present.tolist() == [False, True]
    np.testing.assert_allclose(outputs.probabilities.sum(axis=1), 1, rtol=1e-5)


def square(top, left):
    page = np.zeros((64, 1, 40, 30), np.float32)
    page[:, 0, top : top + 10, left : left + 8] = 1
    return mx.nd.array(page)


def centres(pages):
    ink = np.maximum(pages.asnumpy()[:, 0] - 0.3, 0)
    rows, columns = np.mgrid[:40, :30]
    mass = ink.sum(axis=(1, 2))
    return (ink * rows).sum((1, 2)) / mass, (ink * columns).sum((1, 2)) / mass


def test_augmentation_moves_pages_a_little_and_never_mirrors_them():
    rng = np.random.default_rng(0)
    for top, left in ((3, 3), (25, 3), (3, 18), (25, 18)):
        rows, columns = centres(augment(square(top, left), 1.0, rng))
        assert 0.1 < rows.std() < 3
        assert abs(rows.mean() - (top + 4.5)) < 1
        assert abs(columns.mean() - (left + 3.5)) < 1


def test_augmentation_fills_with_paper_and_stays_in_range():
    page = augment(mx.nd.zeros((32, 1, 40, 30)), 1.0, np.random.default_rng(0))
    assert page.min().asscalar() >= 0
    assert page.max().asscalar() <= 0.3
    same = augment(square(3, 3), 0.0, np.random.default_rng(0))
    np.testing.assert_array_equal(same.asnumpy(), square(3, 3).asnumpy())
