import mxnet as mx
import numpy as np
import pytest
from tests.sample import SAMPLE

from common.job.hosts import Hosts
from common.job.tables import ImageHyperparameters
from common.models.image_batches import Plan, TrainingPages
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


def test_an_epoch_shows_every_page_at_most_once_and_fills_its_batches(pages):
    plans = pages.plan(0)
    rows = np.concatenate([plan.rows for plan in plans])
    assert {len(plan.rows) for plan in plans} == {16}
    assert len(rows) == len(set(rows)) == len(pages.channel) // 16 * 16
    assert not np.array_equal(rows, np.concatenate([plan.rows for plan in pages.plan(1)]))


def test_a_batch_is_made_of_its_own_pages_and_targets(pages):
    still = TrainingPages(
        pages.channel,
        pages.targets,
        pages.bitmaps,
        HYPERPARAMETERS.model_copy(update={"augmentation": 0}),
    )
    for plan, batch in zip(still.plan(2), still.batches(2), strict=True):
        own = still.bitmaps.read_pages(still.channel.take(plan.rows))
        np.testing.assert_allclose(batch.darkness[:, 0], 1 - own / 255, atol=1e-6)
        np.testing.assert_array_equal(batch.targets.label, still.targets.label[plan.rows])


def test_a_batch_is_disturbed_by_its_epoch_and_place_alone(pages):
    first, second = pages.plan(3)[:2]
    made = pages.make(first).darkness
    np.testing.assert_array_equal(made, pages.batches(3)[0].darkness)
    for other in (second, pages.plan(4)[0]):
        assert np.abs(made - pages.make(Plan(first.rows, other.seed)).darkness).mean() > 0.01


@pytest.mark.parametrize(("hosts", "size"), [(1, 16), (2, 8), (3, 7), (3, 4096)])
def test_hosts_take_as_many_steps_as_one_with_all_their_batches(pages, hosts, size):
    channel = read_channel(SAMPLE / "train")
    filled = min(size, len(channel) // hosts)
    names = tuple("abc"[:hosts])
    streams, seeds = [], set()
    for name in names:
        own = HYPERPARAMETERS.model_copy(update={"batch_size": size})
        targets = targets_of(channel, channel.classes)
        plans = TrainingPages(channel, targets, pages.bitmaps, own, Hosts(names, name)).plan(5)
        assert [len(plan.rows) for plan in plans] == [filled] * (len(channel) // (filled * hosts))
        seeds |= {plan.seed for plan in plans}
        rows = np.concatenate([plan.rows for plan in plans])
        streams.append({channel.pages[row].stream for row in rows})
        times = np.unique(rows, return_counts=True)[1]
        assert times.max() - times.min() <= 1  # none comes again before all have come
    assert len(seeds) == hosts * len(plans)
    assert len(set.union(*streams)) == sum(map(len, streams))


class Truthful:
    """A net that answers with the truth."""

    devices = (mx.cpu(),)

    def __init__(self, truth):
        self._truth = mx.nd.array(truth)

    def __call__(self, darkness):
        return None, self._truth


def test_the_loss_is_that_of_the_pages_own_targets(pages):
    batch = pages.batches(0)[0]
    targets = batch.targets
    truth = np.full((16, len(pages.channel.classes) + 2), -30.0)
    truth[np.arange(16), targets.label] = 30
    truth[:, -2] = 60 * targets.first_page - 30
    truth[:, -1] = 60 * targets.last_page - 30
    loss = pages.loss(Truthful(truth), batch)
    assert loss.shape == (16,)
    assert loss.max().asscalar() < 1e-5
