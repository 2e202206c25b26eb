import errno
import shutil
from collections import namedtuple

import pytest

from common.job.errors import ClientError
from common.job.room import writing_to

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def full(monkeypatch):
    """Folders that are full."""
    places = set()

    def disk_usage(place):
        return Usage(20_000_000, 20_000_000, 4096) if place in places else Usage(10**9, 0, 10**9)

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    return places


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "no space"), RuntimeError("incomplete")])
def test_the_full_one_of_two_places_is_named(full, tmp_path, error):
    """A library that writes seldom says that it was for want of room."""
    full.add(tmp_path / "two")
    told = f"{tmp_path / 'two'} has no room left .0.0 of 20.0 MB are free.*VolumeSizeInGB"
    with pytest.raises(ClientError, match=told), writing_to(tmp_path / "one", tmp_path / "two"):
        raise error


def test_a_quota_that_is_used_up_counts(full, tmp_path):
    with pytest.raises(ClientError, match=r"has no room left \(a quota"), writing_to(tmp_path):
        raise OSError(errno.EDQUOT, "quota")


def test_what_has_other_causes_stays(full, tmp_path):
    with pytest.raises(RuntimeError, match="mine"), writing_to(tmp_path):
        raise RuntimeError("mine")
    full.add(tmp_path)
    with pytest.raises(ClientError, match="the user's"), writing_to(tmp_path):
        raise ClientError("the user's")
