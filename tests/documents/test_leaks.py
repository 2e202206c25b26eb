import numpy as np
from PIL import Image
from tests.builders import write_pages

from common.documents.leaks import bitmap_bits, find_leaks
from common.pages.channel import read_channel


def words(seed, count=60):
    rng = np.random.default_rng(seed)
    return " ".join("".join(rng.choice(list("abcdefgh"), 5)) for _ in range(count))


def record(stream, text, image=None, label="letter"):
    return {
        "stream": stream,
        "page": 1,
        "document": stream,
        "label": label,
        "text": text,
        "image": image,
    }


def paper(seed):
    grey = np.random.default_rng(seed).integers(0, 256, (40, 30), dtype=np.uint8)
    return Image.fromarray(grey).resize((600, 800))


def channels(tmp_path, **records):
    return {
        name: read_channel(write_pages(tmp_path / name, found)) for name, found in records.items()
    }


def test_documents_that_two_channels_share_are_found(tmp_path):
    found = find_leaks(
        channels(
            tmp_path,
            train=[record("a", words(1)), record("b", words(2)), record("c", words(3))],
            validation=[record("d", words(4)), record("e", words(2) + " more")],
            test=[record("f", words(4)), record("g", words(5)), record("h", words(5))],
        )
    )
    pairs = {(leak.one.name, leak.other.name, leak.by) for leak in found}
    assert pairs == {("b", "e", "text"), ("d", "f", "text")}  # g and h share a channel


def test_bitmaps_that_are_nearly_equal_are_found(tmp_path):
    for name, seed, shade in (("train", 1, 0), ("test", 1, 9), ("test", 2, 0)):
        folder = tmp_path / name / "images"
        folder.mkdir(parents=True, exist_ok=True)
        page = paper(seed).point(lambda value, shade=shade: min(value + shade, 255))
        page.resize((300, 400)).save(folder / f"{seed}.png")
    found = find_leaks(
        channels(
            tmp_path,
            train=[record("a", "", "images/1.png")],
            test=[record("b", "", "images/1.png"), record("c", "", "images/2.png")],
        )
    )
    assert [(leak.one.name, leak.other.name, leak.by) for leak in found] == [("a", "b", "bitmap")]


def test_blank_pages_are_nobodys_duplicates(tmp_path):
    for name in ("train", "test"):
        (tmp_path / name / "images").mkdir(parents=True)
        Image.new("L", (300, 400), 255).save(tmp_path / name / "images" / "1.png")
    record_of = {name: [record(name, "", "images/1.png")] for name in ("train", "test")}
    assert find_leaks(channels(tmp_path, **record_of)) == []


def test_a_bitmaps_bits_say_where_it_grows_lighter():
    left_to_right = Image.fromarray(np.tile(np.arange(0, 255, 3, dtype=np.uint8), (80, 1)))
    assert bitmap_bits(left_to_right).tolist() == [255] * 32
    assert bitmap_bits(left_to_right.transpose(Image.Transpose.ROTATE_180)).tolist() == [0] * 32
