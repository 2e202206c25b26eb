import errno

import numpy as np
import pytest

from common.job.causes import cause_of
from common.job.errors import AlgorithmError, ClientError

OF_A_GPU = (
    "Traceback (most recent call last):\n"
    '  File "storage.cc", line 160\n'
    "MXNetError: cudaMalloc retry failed: out of memory\n"
)


def test_a_place_is_named_with_what_is_wrong_with_it():
    cause = cause_of(PermissionError(errno.EACCES, "Permission denied", "/opt/ml/model"))
    assert isinstance(cause, ClientError)
    assert str(cause).startswith("/opt/ml/model: Permission denied. Check that")


def test_a_disk_that_is_full_needs_no_name():
    assert "has room" in str(cause_of(OSError(errno.EDQUOT, "Disk quota exceeded")))


def test_want_of_memory_is_told_with_what_to_make_smaller():
    with pytest.raises(MemoryError) as caught:
        np.empty(2**60, dtype=np.uint8)
    for error in (caught.value, MemoryError(), RuntimeError(OF_A_GPU)):
        cause = cause_of(error)
        assert isinstance(cause, ClientError)
        assert "smaller batch_size" in str(cause)
        assert "\n" not in str(cause)
    assert "(MXNetError: cudaMalloc retry failed: out of memory)" in str(cause)


def test_all_else_is_ours():
    assert str(cause_of(ValueError("x"))) == "ValueError: x"
    assert isinstance(cause_of(OSError("no number")), AlgorithmError)
