import hashlib
import json
import os
from pathlib import Path

import pytest

from common.job.errors import ClientError
from common.job.files import sha256_of, write_atomically, write_json


def test_a_file_is_written_with_the_folders_above_it(tmp_path):
    write_atomically(tmp_path / "a" / "b" / "file", b"content")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"content"


def test_a_file_is_replaced(tmp_path):
    for content in (b"old and long", b"new"):
        write_atomically(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == b"new"


def test_others_may_read_it(tmp_path):
    write_atomically(tmp_path / "file", b"")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def disk_full(*arguments):
    raise OSError(28, "No space left on device")


def terminated(*arguments):
    raise KeyboardInterrupt


@pytest.mark.parametrize("crash", [disk_full, terminated])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_crash_in_the_middle_leaves_the_old_file_and_nothing_else(
    tmp_path, monkeypatch, step, crash
):
    write_atomically(tmp_path / "file", b"old")
    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), crash)
    with pytest.raises((OSError, ClientError, KeyboardInterrupt)):
        write_atomically(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_reader_never_sees_half_a_file(tmp_path, monkeypatch):
    write_atomically(tmp_path / "file", b"old")
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append((tmp_path / "file").read_bytes()))
    write_atomically(tmp_path / "file", b"new")
    assert seen == [b"old"]


def test_equal_values_give_equal_json(tmp_path):
    write_json(tmp_path / "one", {"b": [1, 2.5], "a": "ü"})
    write_json(tmp_path / "other", {"a": "ü", "b": [1, 2.5]})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert json.loads((tmp_path / "one").read_text(encoding="utf-8")) == {"a": "ü", "b": [1, 2.5]}


def test_what_json_does_not_know_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "file", float("nan"))
    assert not (tmp_path / "file").exists()


def test_the_hash_is_sha256_of_all_blocks(tmp_path):
    content = bytes(range(256)) * (3 << 12)  # three blocks
    (tmp_path / "file").write_bytes(content)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()
