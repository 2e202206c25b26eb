import numpy as np
import pytest
from tests.labelled import channel_of

from common.job.errors import ClientError
from common.pages.alignment import align
from common.pages.outputs import (
    HELD_OUT,
    join_page_outputs,
    page_outputs,
    read_page_outputs,
    write_page_outputs,
)

CHANNEL = channel_of([("x", ["a", "b"]), ("y", ["c"])], [("x", ["d"])])


def outputs_of(channel, classes=("x", "y"), **others):
    rng = np.random.default_rng(len(channel))
    values = {
        "kind": "text",
        "how": HELD_OUT,
        "classes": classes,
        "present": np.ones(len(channel), bool),
        "probabilities": rng.dirichlet(np.ones(len(classes)), len(channel)),
        "first_page": rng.random(len(channel)),
        "last_page": rng.random(len(channel)),
        "embedding": rng.random((len(channel), 4)),
        "descriptors": {"head": rng.integers(0, 9, (len(channel), 3)).astype(np.uint32)},
    }
    return page_outputs(channel, **{**values, **others})


def assert_same(left, right):
    assert left.keys == right.keys
    assert (left.kind, left.how, left.classes) == (right.kind, right.how, right.classes)
    np.testing.assert_array_equal(left.probabilities, right.probabilities)
    np.testing.assert_array_equal(left.embedding, right.embedding)
    np.testing.assert_array_equal(left.descriptors["head"], right.descriptors["head"])


def test_what_was_written_is_read_again_and_equal_outputs_make_equal_files(tmp_path):
    outputs = outputs_of(CHANNEL)
    for name in ("one", "two"):
        write_page_outputs(tmp_path / name, outputs)
    assert_same(read_page_outputs(tmp_path / "one"), outputs)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut off"])
def test_a_file_that_is_none_is_a_client_error(tmp_path, content):
    (tmp_path / "train.npz").write_bytes(content)
    with pytest.raises(ClientError, match=r"train\.npz"):
        read_page_outputs(tmp_path / "train.npz")


def test_an_object_array_is_not_unpickled(tmp_path):
    path = tmp_path / "train.npz"
    np.savez(path, metadata=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ClientError):
        read_page_outputs(path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"how": "in sample"},
        {"probabilities": np.ones((4, 3))},
        {"first_page": np.ones(3)},
        {"embedding": np.ones((3, 2))},
        {"descriptors": {"head": np.ones((5, 2))}},
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(wrong):
    with pytest.raises(ValueError, match=r"how|shape|rows"):
        outputs_of(CHANNEL, **wrong)


def test_pages_are_found_by_key_and_those_without_output_are_told():
    outputs = outputs_of(CHANNEL)
    keys = [("s1", 3), ("s0", 9), ("s1", 1)]
    assert outputs.lacking(keys) == [("s0", 9)]
    assert outputs.of_pages([keys[0], keys[2]]).keys == [keys[0], keys[2]]
    assert outputs.of_pages([]).keys == []
    with pytest.raises(KeyError):
        outputs.of_pages(keys)


def test_parts_are_joined_in_the_order_asked_for():
    whole = outputs_of(CHANNEL)
    parts = [whole.take(np.array(rows)) for rows in ([3, 1], [0, 2])]
    assert_same(join_page_outputs(parts, whole.keys), whole)


def test_alignment_follows_the_channel():
    whole = outputs_of(CHANNEL)
    turned = whole.take(np.array([3, 2, 1, 0]))
    assert_same(align(turned, CHANNEL, ["x", "y"]), whole)
    assert align(turned, CHANNEL.take([2, 0]), ["x", "y"]).keys == [("s1", 3), ("s1", 1)]


def test_pages_without_output_are_counted_and_the_first_named():
    with pytest.raises(ClientError, match="for 2 of 4 pages of 'train', the first of them page 2"):
        align(outputs_of(CHANNEL.take([0, 3])), CHANNEL, ["x", "y"])


def test_other_classes_are_named():
    with pytest.raises(ClientError, match=r"lacks \['z'\], and has \['y'\]"):
        align(outputs_of(CHANNEL), CHANNEL, ["x", "z"])
