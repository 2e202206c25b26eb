import mxnet as mx
import pytest
from mxnet import gluon

from common.job.errors import ClientError
from common.training.loop import Epoch
from common.training.snapshots import Snapshots


def after(folder, epochs, count=2, cycle_length=3):
    """A run in which the one weight is the number of the epoch."""
    net = gluon.nn.Dense(1, in_units=1, use_bias=False)
    net.initialize()
    told = []
    snapshots = Snapshots(folder / "snapshots", cycle_length, count)
    report = snapshots.keeping(net, lambda epoch, scores: told.append((epoch.number, scores)))
    for number in range(1, epochs + 1):
        net.weight.set_data(mx.nd.full((1, 1), number))
        report(Epoch(number, 0.5, ()), {"loss": number})
    assert told == [(number, {"loss": number}) for number in range(1, epochs + 1)]
    return snapshots


def values(snapshots, epochs):
    return [float(one.popitem()[1].asscalar()) for one in snapshots.read(epochs)]


@pytest.mark.parametrize(("epochs", "kept"), [(2, []), (3, [3]), (8, [6, 3]), (9, [9, 6])])
def test_the_ends_of_the_last_cycles_are_kept_the_last_first(tmp_path, epochs, kept):
    snapshots = after(tmp_path, epochs)
    assert values(snapshots, epochs) == kept
    assert len(list(tmp_path.glob("snapshots/*"))) == len(kept)


def test_none_are_kept_where_none_are_wanted(tmp_path):
    assert not after(tmp_path, 6, count=0).read(6)
    assert not list(tmp_path.iterdir())


def test_a_snapshot_that_is_gone_is_named(tmp_path):
    snapshots = after(tmp_path, 6)
    (tmp_path / "snapshots" / "000003.params").unlink()
    with pytest.raises(ClientError, match=r"000003\.params: the snapshot is gone"):
        snapshots.read(6)
