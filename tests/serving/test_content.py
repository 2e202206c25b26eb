import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from tests.builders import make_channel

from common.pages.bitmaps import decode
from common.pages.channel import read_channel
from common.serving.content import Reader
from common.serving.problems import Problem
from common.serving.settings import Limits

JSON, LINES = "application/json", "application/jsonlines"
LIMITS = Limits(bytes=1 << 20, pages=3, pixels=40 * 30, seconds=1.0)


def picture(kind="PNG", size=(24, 32), mode="L"):
    grey = np.random.default_rng(1).integers(0, 256, size[::-1], dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(grey).convert(mode).save(content, kind)
    return content.getvalue()


def sent(*pages, kind=JSON):
    if kind == JSON:
        return json.dumps({"pages": pages}).encode()
    return "\n".join(map(json.dumps, pages)).encode()


def content_of(body, kind=JSON, shape=(16, 12)):
    return Reader(LIMITS, shape).read(kind, body)


def read(body, kind=JSON, shape=(16, 12)):
    return content_of(body, kind, shape).channel


def problem_of(body, kind=JSON):
    with pytest.raises(Problem) as caught:
        read(body, kind)
    return caught.value


@pytest.mark.parametrize("kind", [JSON, LINES, "application/x-ndjson"])
def test_pages_come_in_reading_order_as_a_channels_do(kind):
    """Streams in the order of their first page, pages by number."""
    body = sent(
        {"stream": "b", "page": 2, "text": "b2", "label": None, "more": 1},
        {"stream": "a", "page": 7, "text": "a7"},
        {"stream": "b", "page": 1, "text": "b1"},
        kind=LINES if kind != JSON else JSON,
    )
    channel = read(body, kind)
    assert [page.text for page in channel.pages] == ["b1", "b2", "a7"]
    assert channel.keys == [("b", 1), ("b", 2), ("a", 7)]


def test_pages_without_number_or_stream_are_counted():
    channel = read(sent({"text": "x"}, {"text": "y"}, {"stream": "b"}))
    assert channel.keys == [("stream", 1), ("stream", 2), ("b", 1)]
    assert not channel.pages[2].has_text


def test_bitmaps_are_what_predict_would_see(tmp_path):
    make_channel(tmp_path, "a")
    given = read_channel(tmp_path)
    paths = [given.image_path(page) for page in given.pages[:3]]
    images = [base64.b64encode(path.read_bytes()).decode() for path in paths]
    content = content_of(sent(*({"page": 9 - n, "image": image} for n, image in enumerate(images))))
    seen = [content.bitmaps[page.image] for page in content.channel.pages]
    for bitmap, path in zip(seen, reversed(paths), strict=True):
        expected = decode(path, 16, 12)
        assert np.array_equal(bitmap.pixels, expected.pixels)
        assert bitmap.aspect == expected.aspect


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("JPEG", "RGB"), ("TIFF", "1")])
def test_a_bitmap_may_be_png_jpeg_or_tiff(kind, mode):
    image = base64.b64encode(picture(kind, mode=mode)).decode()
    assert read(sent({"image": image})).pages[0].has_image


def test_an_image_is_one_page_without_text():
    channel = read(picture(), "image/png")
    assert channel.keys == [("stream", 1)]
    assert channel.pages[0].has_image
    assert not channel.pages[0].has_text


def test_without_an_image_model_bitmaps_are_not_decoded():
    content = content_of(picture(), "image/png", shape=None)
    assert content.channel.pages[0].has_image
    assert content.bitmaps == {}


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"", JSON, "the body is empty"),
        (b"{", JSON, "the body: EOF while parsing"),
        (b'{"pages": [{"text": "\xff"}]}', JSON, "the body: invalid unicode"),
        (b"[" * 10_000, JSON, "the body: recursion limit"),
        (b'{"text": "a"}\n{"text"', LINES, "line 2: Invalid JSON"),
    ],
)
def test_what_is_not_json_is_400(body, kind, said):
    problem = problem_of(body, kind)
    assert (problem.status, problem.code) == (400, "unreadable")
    assert problem.detail.startswith(said)


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"{}", JSON, "the body is no object with a list"),
        (b"[]", JSON, "the body is no object with a list"),
        (b'{"pages": {}}', JSON, "the body is no object with a list"),
        (sent(1), JSON, "pages[0]: Input should be a valid dictionary"),
        (sent({"stream": "s" * 1001}), JSON, "pages[0].stream: String should have at most"),
        (sent(), JSON, "there is no page"),
        (b"\n \n", LINES, "there is no page"),
        (sent({"text": 1}), JSON, "pages[0].text: Input should be a valid string"),
        (sent({}, {"page": 0}, kind=LINES), LINES, "line 2.page: Input should be greater"),
        (sent({"page": "1"}), JSON, "pages[0].page: Input should be a valid integer"),
        (sent({"stream": "a\x00"}), JSON, "pages[0].stream: String should match"),
        (sent({"stream": ""}), JSON, "pages[0].stream: String should match"),
        (sent({"page": 2}, {}), JSON, "pages[1]: page 2 of its stream is there already (pages[0])"),
        (sent({"image": "images/a_1.png"}), JSON, "pages[0]: its image is not base64"),
        (sent({"image": "ü"}), JSON, "pages[0]: its image is not base64"),
        (sent({}, {"image": "AAAA"}, kind=LINES), LINES, "line 2: not an image"),
        (picture()[:-40], "image/png", "the body: not an image"),
        (picture("BMP"), "image/png", "the body: not an image"),
        (picture("PPM"), "image/jpeg", "the body: not an image"),
    ],
)
def test_what_makes_no_pages_is_422(body, kind, said):
    problem = problem_of(body, kind)
    assert (problem.status, problem.code) == (422, "unusable")
    assert problem.detail.startswith(said)
    assert problem.remedy


@pytest.mark.parametrize("kind", [JSON, LINES])
def test_too_many_pages_are_413(kind):
    assert len(read(sent({}, {}, {}, kind=kind), kind)) == 3
    problem = problem_of(sent({}, {}, {}, {}, kind=kind), kind)
    assert (problem.status, problem.code) == (413, "too_many_pages")


def test_lines_beyond_the_limit_are_not_even_read():
    assert problem_of(b"{}\n{}\n{}\n{}\nnonsense", LINES).code == "too_many_pages"


def test_too_many_pixels_are_413_before_they_are_decoded():
    assert read(picture(size=(30, 40)), "image/png")
    assert problem_of(picture(size=(31, 40)), "image/png").code == "too_many_pixels"
    header_only = picture(size=(5000, 5000))[:100]  # decoding it would fail otherwise
    assert problem_of(header_only, "image/png").status == 413


def test_a_problem_does_not_quote_a_page():
    for body in (
        sent({"text": ["secret"]}),
        b'{"pages": [{"text": "secret',
        sent({"image": "secret!"}),
    ):
        problem = problem_of(body)
        assert "secret" not in problem.detail + problem.remedy
