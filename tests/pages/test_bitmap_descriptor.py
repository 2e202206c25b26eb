import numpy as np

from common.pages.bitmap_descriptor import THUMBNAIL, describe_bitmaps


def test_margins_and_ink_of_a_page_with_one_black_box():
    page = np.full((1, 100, 80), 255, dtype=np.uint8)
    page[0, 10:70, 20:60] = 0
    found = describe_bitmaps(page)
    np.testing.assert_allclose(found["margins"][0], [0.1, 0.3, 0.25, 0.25], atol=1e-3)
    np.testing.assert_allclose(found["ink"][0], 60 * 40 / 8000, atol=1e-3)


def test_a_blank_page_is_all_margin():
    found = describe_bitmaps(np.full((2, 100, 80), 255, dtype=np.uint8))
    assert (found["margins"] == 1).all()
    assert not found["ink"].any()
    assert not found["thumbnail"].any()


def test_a_thumbnail_is_the_mean_darkness_of_its_cells():
    bitmap = np.random.default_rng(0).integers(0, 256, (3, 48, 36)).astype(np.uint8)
    cells = (255 - bitmap.astype(int)).reshape(3, *(n for t in THUMBNAIL for n in (t, 2)))
    expected = np.floor(cells.mean(axis=(2, 4)))
    np.testing.assert_array_equal(describe_bitmaps(bitmap)["thumbnail"], expected)


def test_any_size_has_a_thumbnail_of_the_same_shape():
    assert describe_bitmaps(np.zeros((1, 67, 51), np.uint8))["thumbnail"].shape == (1, *THUMBNAIL)
    assert describe_bitmaps(np.zeros((0, 67, 51), np.uint8))["margins"].shape == (0, 4)
