import mxnet as mx
import numpy as np
import pytest
from tests.sample import SAMPLE

from common.job.tables import ImageHyperparameters
from common.models.image_batches import TrainingPages
from common.pages.bitmaps import BitmapCache
from common.pages.channel import read_channel
from common.pages.targets import targets_of

HYPERPARAMETERS = ImageHyperparameters(height=64, width=48, batch_size=16, label_smoothing=0)


@pytest.fixture(scope="module")
def pages():
    channel = read_channel(SAMPLE / "validation")
    with BitmapCache(64, 48) as bitmaps:
        bitmaps.add(channel)
        yield TrainingPages(channel, targets_of(channel, channel.classes), bitmaps, HYPERPARAMETERS)


def seen(pages, batch):
    """What the network is shown of a batch."""
    shown = []

    def net(darkness):
        shown.append(darkness.asnumpy())
        return None, mx.nd.zeros((len(darkness), len(pages.channel.classes) + 2))

    pages.loss(net, batch)
    return shown[0]


def test_an_epoch_shows_every_page_at_most_once_and_fills_its_batches(pages):
    batches = pages.batches(0)
    rows = np.concatenate([batch.rows for batch in batches])
    assert {len(batch.rows) for batch in batches} == {16}
    assert len(rows) == len(set(rows)) == len(pages.channel) // 16 * 16
    assert not np.array_equal(rows, np.concatenate([batch.rows for batch in pages.batches(1)]))


def test_a_batch_is_disturbed_by_its_epoch_and_place_alone(pages):
    first, second = pages.batches(3)[:2]
    again = pages.batches(3)[0]
    np.testing.assert_array_equal(seen(pages, first), seen(pages, again))
    for other in (second, pages.batches(4)[0]):
        moved = type(first)(first.rows, other.seed)
        assert np.abs(seen(pages, first) - seen(pages, moved)).mean() > 0.01


def test_the_loss_is_that_of_the_pages_own_targets(pages):
    """A net that knows all: it finds pages by their rows, and answers with their truth."""
    batch = pages.batches(0)[0]
    targets = pages.targets.take(batch.rows)
    truth = np.full((16, len(pages.channel.classes) + 2), -30.0)
    truth[np.arange(16), targets.label] = 30
    truth[:, -2] = 60 * targets.first_page - 30
    truth[:, -1] = 60 * targets.last_page - 30
    loss = pages.loss(lambda darkness: (None, mx.nd.array(truth)), batch)
    assert loss.shape == (16,)
    assert loss.max().asscalar() < 1e-5
