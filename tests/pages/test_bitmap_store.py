import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from tests.pages.test_bitmaps import channel_with, save

from common.job.errors import ClientError
from common.pages import bitmaps
from common.pages.bitmap_store import BitmapStore
from common.pages.bitmaps import BitmapCache

SIZE = 12, 8


@pytest.fixture
def pages(tmp_path):
    for grey in (10, 20, 30):
        save(tmp_path / f"{grey}.png", np.full(SIZE, grey))
    return channel_with(tmp_path, "10.png", "20.png", "30.png")


@pytest.fixture
def store(tmp_path):
    return BitmapStore.within(tmp_path / "cache")


def read(channel, store, size=SIZE):
    """The first pixel of each page, and how many pages had to be decoded for it."""
    with (
        mock.patch.object(bitmaps, "decode", wraps=bitmaps.decode) as decode,
        BitmapCache(*size, store=store) as cache,
    ):
        cache.add(channel)
        return cache.read_pages(channel)[:, 0, 0].tolist(), decode.call_count


def kept(store):
    return sorted(store.folder.iterdir())


def test_the_next_job_decodes_nothing(pages, store):
    assert read(pages, store) == ([10, 20, 30], 3)
    assert read(pages, store) == ([10, 20, 30], 0)
    assert len(kept(store)) == 1


def test_the_next_job_knows_the_pages_aspects(store, tmp_path):
    """The height and width that a bitmap had before it was fitted are in no bitmap."""
    for height in (6, 24):
        save(tmp_path / f"{height}.png", np.zeros((height, 12)))
    channel = channel_with(tmp_path, "24.png", "6.png")
    found = []
    for _ in range(2):
        with BitmapCache(*SIZE, store=store) as cache:
            cache.add(channel)
            found.append(cache.aspects(channel).tolist())
    assert found == [pytest.approx([np.log(2), np.log(1 / 2)])] * 2
    assert len(kept(store)) == 1


def test_it_is_the_content_of_the_images_that_counts(pages, store, tmp_path):
    """Not where they are: a channel that was copied has the same. Nor is order the same."""
    read(pages, store)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("10", "20", "30"):
        (copy / f"{name}.png").write_bytes((tmp_path / f"{name}.png").read_bytes())
    assert read(channel_with(copy, "10.png", "20.png", "30.png"), store) == ([10, 20, 30], 0)
    assert read(channel_with(copy, "30.png", "20.png", "10.png"), store) == ([30, 20, 10], 3)


def test_another_image_or_another_size_is_decoded(pages, store, tmp_path):
    read(pages, store)
    assert read(pages, store, (6, 4)) == ([10, 20, 30], 3)
    other = tmp_path / "other"
    other.mkdir()
    for name, grey in (("10", 10), ("20", 99), ("30", 30)):
        save(other / f"{name}.png", np.full(SIZE, grey))
    assert read(channel_with(other, "10.png", "20.png", "30.png"), store) == ([10, 99, 30], 3)
    assert len(kept(store)) == 3


def damaged(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut(file):
    os.truncate(file, file.stat().st_size - 1)


def linked(file):
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


@pytest.mark.parametrize("spoil", [damaged, cut, linked])
def test_what_cannot_be_trusted_is_decoded_anew(pages, store, spoil, caplog):
    read(pages, store)
    (file,) = kept(store)
    spoil(file)
    assert read(pages, store) == ([10, 20, 30], 3)
    assert f"{file} " in caplog.text
    assert "decoded anew" in caplog.text
    assert read(pages, store) == ([10, 20, 30], 0)


def test_what_belongs_to_another_user_is_not_trusted(pages, store):
    read(pages, store)
    (file,) = kept(store)
    size = file.stat().st_size - 32
    os.close(store.open(file, size))
    with mock.patch("os.geteuid", return_value=os.geteuid() + 1):
        assert store.open(file, size) is None
        with pytest.raises(ClientError, match="must be a folder of your own"):
            BitmapStore.within(store.folder.parent)


def test_nobody_else_can_read_it(pages, store):
    read(pages, store)
    (file,) = kept(store)
    assert store.folder.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_others_can_enter_is_refused(tmp_path):
    (tmp_path / "bitmaps").mkdir()
    (tmp_path / "bitmaps").chmod(0o755)
    with pytest.raises(ClientError, match=r"--cache-dir: .*bitmaps must be a folder of your own"):
        BitmapStore.within(tmp_path)


def test_a_link_to_a_folder_is_refused(tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "bitmaps").symlink_to("real")
    with pytest.raises(ClientError, match="must be a folder of your own"):
        BitmapStore.within(tmp_path)


def test_a_channel_that_cannot_be_decoded_leaves_nothing(pages, store, tmp_path):
    (tmp_path / "bad.png").write_text("no image")
    channel = channel_with(tmp_path, "10.png", "bad.png")
    with BitmapCache(*SIZE, store=store) as cache, pytest.raises(ClientError):
        cache.add(channel)
    assert not kept(store)


def test_two_jobs_at_once_do_not_wait_for_each_other(pages, store):
    """The second one decodes for itself; what the first one leaves is its own."""
    file = store.file(["any"], *SIZE)
    with store.writing(file) as mine:
        os.pwrite(mine, b"mine", 0)
        with store.writing(file) as other:
            assert other is None
        assert [entry.name for entry in kept(store)] == [f".{file.name}"]
    assert kept(store) == [file]
    handle = store.open(file, 4)
    assert os.pread(handle, 4, 0) == b"mine"
    os.close(handle)
    os.close(mine)


def test_a_job_decodes_what_another_is_writing(pages, store):
    real = bitmaps.decode
    inner = []

    def decode(path, height, width):
        """Meanwhile another job reads the same pages."""
        if not inner:
            inner.append(None)
            inner.append(read(pages, store)[0])
        return real(path, height, width)

    with mock.patch.object(bitmaps, "decode", decode):
        assert read(pages, store)[0] == [10, 20, 30]
    assert inner[1] == [10, 20, 30]
    assert read(pages, store) == ([10, 20, 30], 0)


def test_what_a_killed_job_left_is_written_over(pages, store, tmp_path):
    """And it is whole, though the killed one had written more."""
    program = (
        "import os, sys; from pathlib import Path; from common.pages.bitmap_store import *\n"
        "store = BitmapStore(Path(sys.argv[1]))\n"
        "with store.writing(Path(sys.argv[2])) as handle:\n"
        "    os.pwrite(handle, b'x' * 10_000, 0); os.kill(os.getpid(), 9)"
    )
    read(pages, store)
    (file,) = kept(store)
    file.unlink()
    src = Path(__file__).resolve().parents[2] / "src"
    subprocess.run([sys.executable, "-c", program, store.folder, file], cwd=src)
    assert [entry.name for entry in kept(store)] == [f".{file.name}"]
    assert read(pages, store) == ([10, 20, 30], 3)
    assert kept(store) == [file]
    assert read(pages, store) == ([10, 20, 30], 0)
