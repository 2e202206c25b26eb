from hypothesis import given
from hypothesis import strategies as st

from common.models.stream_batches import similar_lengths


@given(st.lists(st.integers(1, 50), max_size=30), st.integers(1, 120))
def test_every_stream_runs_once_beside_others_of_its_length(lengths, most):
    groups = similar_lengths(lengths, most)
    assert sorted(place for group in groups for place in group) == list(range(len(lengths)))
    for group in groups:
        own = [lengths[place] for place in group]
        assert len(own) == 1 or max(own) * len(own) <= most
        assert max(own) <= 2 * min(own)


def test_equal_streams_share_a_group_as_far_as_it_holds_them():
    assert [len(group) for group in similar_lengths([10] * 8, 80)] == [8]
    assert sorted(len(group) for group in similar_lengths([10] * 8, 79)) == [1, 7]
