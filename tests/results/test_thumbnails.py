import base64
import io

import pytest
from PIL import Image

from common.pages.bitmaps import MAX_PIXELS
from common.results.thumbnails import HEIGHT, thumbnail


def decode(uri):
    head, content = uri.split(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(content)))


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P", "I;16"])
def test_a_page_becomes_a_small_jpeg_of_the_same_shape(tmp_path, mode):
    path = tmp_path / "page.png"
    Image.new(mode, (600, 800)).save(path)
    picture = decode(thumbnail(path))
    assert picture.size == (HEIGHT * 6 // 8, HEIGHT)


def test_a_very_wide_page_is_bounded_too(tmp_path):
    path = tmp_path / "page.png"
    Image.new("L", (4000, 40)).save(path)
    assert decode(thumbnail(path)).width <= 2 * HEIGHT


def test_black_and_white_stay_what_they_are(tmp_path):
    path = tmp_path / "page.png"
    page = Image.new("L", (400, 400), 255)
    page.paste(0, (0, 0, 200, 400))
    page.save(path)
    picture = decode(thumbnail(path))
    assert picture.getpixel((20, 80)) < 10
    assert picture.getpixel((HEIGHT - 20, 80)) > 245


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"])
def test_what_is_no_picture_has_no_thumbnail(tmp_path, content):
    path = tmp_path / "page.png"
    path.write_bytes(content)
    assert thumbnail(path) is None


def test_a_page_without_bitmap_has_no_thumbnail(tmp_path):
    assert thumbnail(None) is None
    assert thumbnail(tmp_path / "missing.png") is None


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_page_of_too_many_pixels_is_not_decoded(tmp_path, suffix):
    path = (tmp_path / "page").with_suffix(suffix)
    Image.new("L", (20_000, MAX_PIXELS // 20_000 + 1)).save(path)
    assert thumbnail(path) is None
