import numpy as np
import pytest

from common.models.length_batches import length_batches, padded_length, shuffled_batches

LENGTHS = np.random.default_rng(0).integers(1, 2000, 301).tolist()
ROWS = np.arange(0, 301, 2)


@pytest.mark.parametrize("length", [1, 7, 8, 9, 768, 769, 5000])
def test_padding_is_never_negative_and_little(length):
    assert 0 <= padded_length(length) - length <= max(8, length)


def test_every_row_is_in_one_batch_with_rows_of_its_padded_length():
    batches = length_batches(LENGTHS, 16)
    assert sorted(np.concatenate(batches)) == list(range(301))
    for batch in batches:
        assert len(batch) <= 16
        assert len({padded_length(LENGTHS[row]) for row in batch}) == 1


def test_shuffling_is_a_function_of_the_generator():
    one, again, other = (
        shuffled_batches(LENGTHS, ROWS, 16, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert sorted(np.concatenate(one)) == ROWS.tolist()
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(np.concatenate(one), np.concatenate(other))
    assert {padded_length(LENGTHS[row]) for row in one[0]} == {padded_length(LENGTHS[one[0][0]])}
