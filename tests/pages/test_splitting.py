from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import make_channel

from common.job.errors import ClientError
from common.pages.channel import read_channel
from common.pages.splitting import split_by_stream, split_streams

SHARES = {"train": 70, "validation": 15, "test": 15}
STREAMS = st.dictionaries(
    st.text("abcdef", min_size=1),
    st.lists(st.sampled_from("ABCDEFG"), min_size=1, max_size=6),
    min_size=3,
    max_size=30,
)


@given(STREAMS, st.integers(0, 9))
def test_every_stream_has_a_channel_and_every_channel_a_stream(streams, seed):
    found = split_streams(streams, SHARES, seed)
    assert set(found) == set(streams)
    assert set(found.values()) == set(SHARES)
    assert split_streams(dict(reversed(streams.items())), SHARES, seed) == found


def random_streams(count):
    rng = np.random.default_rng(4)
    weights = [0.4, 0.3, 0.2, 0.07, 0.03]
    return {
        f"s{number}": list(rng.choice(list("ABCDE"), rng.integers(1, 8), p=weights))
        for number in range(count)
    }


def test_each_class_is_split_as_the_shares_say():
    streams = random_streams(200)
    found = split_streams(streams, SHARES, 0)
    counts = {name: Counter() for name in SHARES}
    for stream, labels in streams.items():
        counts[found[stream]].update(labels)
    total = sum(counts.values(), Counter())
    for name, share in SHARES.items():
        for label, count in total.items():
            off = 1.5 if label == "E" else 3 + 0.04 * count  # the rarest is split the best
            assert counts[name][label] == pytest.approx(count * share / 100, abs=off)


def test_another_seed_splits_otherwise():
    streams = random_streams(50)
    assert split_streams(streams, SHARES, 0) != split_streams(streams, SHARES, 1)


def test_a_class_that_comes_once_is_learnt():
    streams = {f"s{number}": ["A"] for number in range(20)} | {"rare": ["A", "B"]}
    assert all(split_streams(streams, SHARES, seed)["rare"] == "train" for seed in range(5))


def test_a_channel_without_a_share_has_nothing():
    found = split_streams(random_streams(20), {"train": 80, "validation": 20, "test": 0}, 0)
    assert set(found.values()) == {"train", "validation"}
    assert Counter(found.values())["train"] > 12


def test_too_few_streams_are_refused():
    with pytest.raises(ClientError, match="2 streams cannot be split over train, validation, test"):
        split_streams({"a": ["A"], "b": ["A"]}, SHARES, 0)


NAMES = [f"s{number}" for number in range(10)]
BY_STREAM = {"train": 0.5, "validation": 0.2, "test": 0.3}


def streams(channel):
    return {page.stream for page in channel.pages}


@pytest.fixture
def channel(tmp_path):
    make_channel(tmp_path / "all", *NAMES)
    return read_channel(tmp_path / "all", labelled=True)


def test_a_channel_is_split_by_whole_streams(channel):
    parts = split_by_stream(channel, BY_STREAM, 1)
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
    first = split_by_stream(channel, BY_STREAM, 1)
    again = split_by_stream(backwards, BY_STREAM, 1)
    assert {n: p.keys for n, p in first.items()} == {n: p.keys for n, p in again.items()}
    others = [split_by_stream(channel, BY_STREAM, seed) for seed in range(2, 6)]
    assert any(streams(other["test"]) != streams(first["test"]) for other in others)


def test_each_part_of_a_channel_has_at_least_one_stream(channel):
    few = channel.take(row for stream in channel.streams[:3] for row in stream)
    parts = split_by_stream(few, {"train": 0.98, "validation": 0.01, "test": 0.01}, 1)
    assert [len(streams(part)) for part in parts.values()] == [1, 1, 1]
