import argparse

import pytest

from common.job.flags import whole_number


@pytest.mark.parametrize(("least", "text", "value"), [(1, "1", 1), (0, "0", 0), (1, "05000", 5000)])
def test_whole_numbers_are_read(least, text, value):
    assert whole_number(least)(text) == value


@pytest.mark.parametrize(
    ("least", "text"), [(1, "0"), (0, "-1"), (1, ""), (1, "1.5"), (1, "x"), (1, "٣"), (1, "²")]
)
def test_anything_else_is_refused_with_what_is_wanted(least, text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"from {least}. Got '{text}' instead"):
        whole_number(least)(text)
