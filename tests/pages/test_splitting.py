import pytest
from tests.builders import make_channel

from common.job.errors import ClientError
from common.pages.channel import read_channel
from common.pages.splitting import split_by_stream

NAMES = [f"s{number}" for number in range(10)]
SHARES = {"validation": 0.2, "test": 0.3}


def streams(channel):
    return {page.stream for page in channel.pages}


@pytest.fixture
def channel(tmp_path):
    make_channel(tmp_path / "all", *NAMES)
    return read_channel(tmp_path / "all", labelled=True)


def test_every_stream_goes_whole_to_one_channel(channel):
    parts = split_by_stream(channel, **SHARES, seed=1)
    assert {name: len(streams(part)) for name, part in parts.items()} == {
        "train": 5,
        "validation": 2,
        "test": 3,
    }
    assert sorted(name for part in parts.values() for name in streams(part)) == sorted(NAMES)
    assert sum(len(part) for part in parts.values()) == len(channel)


def test_the_split_depends_on_names_and_seed_alone(channel):
    rows = [row for stream in reversed(channel.streams) for row in stream]
    backwards = channel.take(rows)
    first = split_by_stream(channel, **SHARES, seed=1)
    again = split_by_stream(backwards, **SHARES, seed=1)
    assert {n: p.keys for n, p in first.items()} == {n: p.keys for n, p in again.items()}
    others = [split_by_stream(channel, **SHARES, seed=seed) for seed in range(2, 6)]
    assert any(streams(other["test"]) != streams(first["test"]) for other in others)


def test_each_channel_has_at_least_one_stream(channel):
    few = channel.take(row for stream in channel.streams[:3] for row in stream)
    parts = split_by_stream(few, validation=0.01, test=0.01, seed=1)
    assert [len(streams(part)) for part in parts.values()] == [1, 1, 1]


def test_too_few_streams_are_refused(channel):
    two = channel.take(row for stream in channel.streams[:2] for row in stream)
    with pytest.raises(ClientError, match="2 streams cannot be split"):
        split_by_stream(two, **SHARES, seed=1)
    three = channel.take(row for stream in channel.streams[:3] for row in stream)
    with pytest.raises(ClientError, match="no stream for train"):
        split_by_stream(three, validation=0.5, test=0.4, seed=1)
