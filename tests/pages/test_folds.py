import numpy as np
import pytest
from tests.labelled import channel_of

from common.job.errors import ClientError
from common.pages.folds import assign_folds

RNG = np.random.default_rng(0)


def prose(words=40):
    return " ".join("".join(RNG.choice(list("abcdefghij"), 6)) for _ in range(words))


def fold_of_documents(channel, folds, seed=1):
    fold = assign_folds(channel, folds, seed)
    by_document = [
        set(fold[document.rows.start : document.rows.stop]) for document in channel.documents
    ]
    assert all(len(found) == 1 for found in by_document), "a document is torn"
    return [found.pop() for found in by_document]


def test_a_streams_documents_share_a_fold():
    channel = channel_of(*[[("x", [prose()]), ("y", [prose(), prose()])] for _ in range(6)])
    folds = fold_of_documents(channel, 3)
    assert folds[0::2] == folds[1::2]
    assert sorted(np.bincount(folds)) == [4, 4, 4]


def test_near_duplicates_share_a_fold_across_streams():
    template = prose(60)
    streams = [[("x", [template + str(i)])] for i in range(2)] + [
        [("y", [prose()])] for _ in range(6)
    ]
    for seed in range(5):
        folds = fold_of_documents(channel_of(*streams), 4, seed)
        assert folds[0] == folds[1]


def test_where_duplicates_tie_all_streams_together_the_streams_are_cut_and_not_the_duplicates():
    template = prose(60)
    streams = [[("x", [template + str(i)]), ("y", [prose(), prose()])] for i in range(8)]
    folds = fold_of_documents(channel_of(*streams), 4)
    assert len(set(folds[0::2])) == 1
    assert len(set(folds[1::2])) > 1


def test_only_what_duplicates_tie_is_cut_and_as_little_of_it_as_there_is_room(caplog):
    """Eight streams tied by one template are cut; the other eight stay whole."""
    caplog.set_level("INFO")
    template = prose(60)
    tied = [[("x", [template + str(i)]), ("y", [prose()]), ("z", [prose()])] for i in range(8)]
    free = [[("x", [prose()]), ("y", [prose(), prose()])] for _ in range(8)]
    folds = fold_of_documents(channel_of(*tied, *free), 4)
    of_tied, of_free = np.reshape(folds[:24], (8, 3)), np.reshape(folds[24:], (8, 2))
    assert (of_free[:, 0] == of_free[:, 1]).all()
    assert len(set(of_tied[:, 0])) == 1
    assert (of_tied[:, 1] == of_tied[:, 2]).sum() >= 4  # by chance it would be two
    spread = sum(len(set(stream)) > 1 for stream in of_tied)
    assert f"near-duplicates spread {spread} of 16 streams over folds" in caplog.text


def test_folds_hold_about_as_many_pages_each():
    channel = channel_of(*[[("x", [prose()] * int(RNG.integers(1, 9)))] for _ in range(60)])
    sizes = np.bincount(assign_folds(channel, 5, 1))
    assert sizes.max() - sizes.min() <= 8


def test_no_fold_is_empty_where_a_stream_would_rather_stay_together():
    """Too large a stream is cut; its last document would follow the one before it."""
    sizes = (4, 1, 1)
    channel = channel_of([("x", [prose() for _ in range(size)]) for size in sizes])
    assert sorted(fold_of_documents(channel, 3)) == [0, 1, 2]


def test_too_few_documents_for_the_folds_are_refused():
    with pytest.raises(ClientError, match="5 folds need as many unrelated documents"):
        assign_folds(channel_of([("x", [prose()]), ("y", [prose()])]), 5, 1)


def test_what_can_be_read_must_not_lie_in_one_fold():
    channel = channel_of(*[[("x", [prose()]), ("y", [prose()])] for _ in range(4)])
    with pytest.raises(ClientError, match="nothing is left to learn from out of fold"):
        assign_folds(channel, 2, 1, lambda page: page.stream == "s1")
