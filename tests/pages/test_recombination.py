import numpy as np
from tests.labelled import channel_of

from common.pages.recombination import as_channel, original_streams, recombined_streams

CHANNEL = channel_of(
    [("x", "ab"), ("y", "c"), ("x", "d")], [("y", "efg")], [("x", "h"), ("z", "ij")]
)
CLASSES = ["x", "y", "z"]


def test_the_original_streams_are_the_channel():
    streams = original_streams(CHANNEL, CLASSES)
    assert np.concatenate([stream.rows for stream in streams]).tolist() == list(range(10))
    assert streams[0].labels.tolist() == [0, 0, 1, 0]
    assert streams[0].starts.tolist() == [True, False, True, True]


def test_recombined_streams_hold_every_document_once_and_whole():
    seen = set()
    for seed in range(20):
        streams = recombined_streams(CHANNEL, CLASSES, np.random.default_rng(seed))
        assert sorted(row for stream in streams for row in stream.rows) == list(range(10))
        assert sorted(stream.starts.sum() for stream in streams) == [1, 2, 3]
        for stream in streams:
            assert stream.starts[0]
            inside = ~stream.starts[1:]
            assert (np.diff(stream.rows)[inside] == 1).all()
            truth = [CLASSES.index(CHANNEL.labels[row]) for row in stream.rows]
            assert stream.labels.tolist() == truth
        seen.add(tuple(streams[0].rows))
    assert len(seen) > 5


def test_streams_put_together_anew_are_a_channel():
    streams = recombined_streams(CHANNEL, CLASSES, np.random.default_rng(1))
    anew = as_channel(CHANNEL, streams, "new")
    rows = np.concatenate([stream.rows for stream in streams])
    assert [page.text for page in anew.pages] == [CHANNEL.pages[row].text for row in rows]
    assert sorted(map(len, (document.rows for document in anew.documents))) == sorted(
        map(len, (document.rows for document in CHANNEL.documents))
    )
    assert len(set(anew.keys)) == len(anew)


def test_sizes_of_streams_may_be_those_of_others():
    """Part of a channel is put together as the whole channel was."""
    part = CHANNEL.take(range(3))
    streams = recombined_streams(part, CLASSES, np.random.default_rng(1), sizes=[2])
    assert [stream.starts.sum() for stream in streams] == [2]
    longer = recombined_streams(part, CLASSES, np.random.default_rng(1), sizes=[5])
    assert [stream.starts.sum() for stream in longer] == [2]
