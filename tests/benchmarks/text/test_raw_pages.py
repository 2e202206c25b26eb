from benchmarks.text.raw_pages import batches, plain_words, raw_pages
from tests.sample import SAMPLE

from common.pages.channel import read_channel


def test_peers_see_the_pages_of_the_channel():
    pages = [(page.label, page.text) for page in read_channel(SAMPLE / "test").pages]
    assert [tuple(page) for page in raw_pages(SAMPLE / "test")] == pages


def test_words_are_plain():
    assert plain_words(" Straße 12,\n__ÜBER—all\t3.5% ") == "straße 00 über all 0 0"
    assert plain_words("\n ,;") == ""


def test_batches_hold_everything_once():
    assert list(batches(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(batches(range(6), 3)) == [[0, 1, 2], [3, 4, 5]]
    assert list(batches([], 3)) == []
