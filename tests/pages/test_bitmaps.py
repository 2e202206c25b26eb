import errno
import struct
import zlib
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from PIL import Image

from common.job.errors import ClientError
from common.pages.bitmaps import PAPER, BitmapCache, HeldBitmaps, decode
from common.pages.channel import Channel
from common.pages.page import Page


def save(path, pixels):
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(path)
    return path


def chunk(kind, content):
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def bomb(path, side=30_000):
    """A PNG whose header promises more pixels than anybody should decode."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1000)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )
    return path


def channel_with(folder, *images):
    pages = [
        Page(stream="s", page=place, content="", image=image and Path(image).name)
        for place, image in enumerate(images, start=1)
    ]
    return Channel("train", folder, tuple(pages))


def test_a_bitmap_keeps_its_aspect_within_white_margins(tmp_path):
    wide = save(tmp_path / "wide.png", np.zeros((50, 100)))
    page = decode(wide, 100, 100).pixels
    assert page.shape == (100, 100)
    assert (page[30:70] == 0).all()
    assert (page[:24] == PAPER).all()
    assert (page[76:] == PAPER).all()


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P", "I;16"])
def test_all_common_pixel_types_become_grey_bytes(tmp_path, mode):
    path = tmp_path / "page.png"
    Image.new(mode, (30, 40), 0).save(path)
    assert decode(path, 40, 30).pixels.dtype == np.uint8


def test_ink_stays_ink_whatever_the_pixel_type(tmp_path):
    """A black square on a white page: in 16 bits, in one, on transparent ground, turned by EXIF."""
    square = np.full((40, 40), 255, np.uint8)
    square[5:15, 5:15] = 0
    page = Image.fromarray(square)
    page.save(tmp_path / "grey.png")
    Image.fromarray(square.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    page.convert("1").save(tmp_path / "bits.png")
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (5, 5, 15, 15))
    clear.save(tmp_path / "clear.png")
    exif = Image.Exif()
    exif[0x0112] = 3  # held upside down
    page.rotate(180).save(tmp_path / "turned.png", exif=exif)
    for name in ("grey", "deep", "bits", "clear", "turned"):
        np.testing.assert_array_equal(decode(tmp_path / f"{name}.png", 40, 40).pixels, square, name)


def test_the_aspect_is_that_of_the_page_held_upright(tmp_path):
    """Whatever it is fitted into. EXIF's orientation 6 stands for a page that lies on its side."""
    lying = Image.fromarray(np.zeros((100, 200), np.uint8))
    lying.save(tmp_path / "lying.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    lying.save(tmp_path / "turned.png", exif=exif)
    assert decode(tmp_path / "lying.png", 40, 30).aspect == pytest.approx(np.log(1 / 2))
    assert decode(tmp_path / "turned.png", 7, 90).aspect == pytest.approx(np.log(2))


def test_what_is_wrong_with_a_bitmap_is_said(tmp_path):
    good = save(tmp_path / "good.png", np.arange(90_000).reshape(300, 300) % 251)
    (tmp_path / "cut.png").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    (tmp_path / "text.png").write_text("no image")
    for name, said in (("cut", "cannot|can be read"), ("text", "not an image")):
        with pytest.raises(ValueError, match=said):
            decode(tmp_path / f"{name}.png", 40, 30)
    with pytest.raises(ValueError, match="more than 80,000,000"):
        decode(bomb(tmp_path / "bomb.png"), 40, 30)


def test_the_cache_returns_each_pages_own_bitmap_and_paper_for_none(tmp_path):
    images = [save(tmp_path / f"{grey}.png", np.full((40, 30), grey)) for grey in (10, 20, 30)]
    channel = channel_with(tmp_path, images[2], None, images[0], images[1])
    with BitmapCache(40, 30, workers=2) as cache:
        cache.add(channel)
        cache.add(channel_with(tmp_path, images[1]))
        pages = cache.read_pages(channel)
        assert cache.read_pages(channel.take([2])).max() == 10
    assert pages[:, 5, 5].tolist() == [30, PAPER, 10, 20]


def test_the_cache_knows_each_pages_own_aspect_and_0_for_none(tmp_path):
    for height in (20, 40, 80):
        save(tmp_path / f"{height}.png", np.zeros((height, 40)))
    channel = channel_with(tmp_path, "80.png", None, "20.png", "40.png")
    with BitmapCache(30, 30, workers=2) as cache:
        cache.add(channel_with(tmp_path, "20.png", "80.png"))
        cache.add(channel)
        np.testing.assert_allclose(cache.aspects(channel), np.log([2, 1, 1 / 2, 1]), rtol=1e-6)


def test_bitmaps_that_somebody_holds_have_aspects_too(tmp_path):
    channel = channel_with(tmp_path, "b.png", None, "a.png")
    held = {
        f"{name}.png": decode(save(tmp_path / f"{name}.png", np.zeros(size)), 30, 30)
        for name, size in (("a", (20, 40)), ("b", (60, 40)))
    }
    found = HeldBitmaps(30, 30, held).aspects(channel)
    np.testing.assert_allclose(found, [np.log(3 / 2), 0, np.log(1 / 2)], rtol=1e-6)


def test_every_bad_bitmap_is_named_with_its_page(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.png").write_text("no image")
    with BitmapCache(40, 30) as cache, pytest.raises(ClientError) as caught:
        cache.add(channel_with(tmp_path, "a.png", "b.png"))
    assert all(f"page {page} of stream 's'" in str(caught.value) for page in (1, 2))


def test_a_container_without_shared_memory_is_no_matter(tmp_path):
    """Docker gives 64 MB of it, some runtimes none: worker processes would have to do without."""
    images = [save(tmp_path / f"{grey}.png", np.full((40, 30), grey)) for grey in range(100)]
    channel = channel_with(tmp_path, *images)
    full = OSError(errno.ENOSPC, "No space left on device")
    with (
        mock.patch("_multiprocessing.SemLock", side_effect=full),
        mock.patch("_posixshmem.shm_open", side_effect=full),
        BitmapCache(40, 30, workers=4) as cache,
    ):
        cache.add(channel)
        assert cache.read_pages(channel)[:, 5, 5].tolist() == list(range(100))


def test_scratch_space_is_given_back_and_has_no_name(tmp_path, monkeypatch):
    """Whatever ends the process, nothing is left."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    image = save(tmp_path / "a.png", np.zeros((40, 30)))
    with BitmapCache(40, 30) as cache:
        cache.add(channel_with(tmp_path, image))
        assert len(opened_below(tmp_path / "scratch")) == 1
        assert not list((tmp_path / "scratch").iterdir())
    assert not opened_below(tmp_path / "scratch")


def opened_below(folder):
    files = [entry for entry in list(Path("/proc/self/fd").iterdir()) if entry.is_symlink()]
    return [file for file in files if file.readlink().is_relative_to(folder)]


def test_what_was_read_is_not_resident(tmp_path):
    """64 MB of bitmaps, read twice, add a few to the process at most."""
    size = 1024
    images = [save(tmp_path / f"{name}.png", np.full((size, size), name)) for name in range(64)]
    with BitmapCache(size, size) as cache:
        cache.add(channel_with(tmp_path, images[0]))
        before = resident()
        cache.add(channel_with(tmp_path, *images))
        channel = channel_with(tmp_path, *images)
        for row in (*range(64), *range(64)):
            assert cache.read_pages(channel.take([row]))[0, 0, 0] == row
        assert resident() - before < 32 << 20


def resident():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) << 10
