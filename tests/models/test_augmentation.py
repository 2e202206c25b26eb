import numpy as np

from common.models.augmentation import augment, darkness_of


def square(top, left):
    """64 white pages with a black rectangle of 10 × 8 pixels."""
    pages = np.full((64, 40, 30), 255, np.uint8)
    pages[:, top : top + 10, left : left + 8] = 0
    return pages


def centres(pages):
    ink = np.maximum(pages[:, 0] - 0.3, 0)
    rows, columns = np.mgrid[:40, :30]
    mass = ink.sum(axis=(1, 2))
    return (ink * rows).sum((1, 2)) / mass, (ink * columns).sum((1, 2)) / mass


def test_augmentation_moves_pages_a_little_and_never_mirrors_them():
    rng = np.random.default_rng(0)
    for top, left in ((3, 3), (25, 3), (3, 18), (25, 18)):
        rows, columns = centres(augment(square(top, left), 1.0, rng))
        assert 0.4 < rows.std() < 2
        assert 0.3 < columns.std() < 2
        assert abs(rows.mean() - (top + 4.5)) < 0.4
        assert abs(columns.mean() - (left + 3.5)) < 0.4


def test_it_turns_and_stretches_pages_about_their_middle():
    """How two blots to the left and right of the middle come to lie."""
    pages = np.full((256, 200, 100), 255, np.uint8)
    pages[:, 95:105, 15:25] = pages[:, 95:105, 75:85] = 0
    ink = np.maximum(augment(pages, 1.0, np.random.default_rng(0))[:, 0] - 0.3, 0)
    rows, columns = np.mgrid[:200, :100]

    def distance(place):
        left, right = (
            (half * there).sum((1, 2)) / half.sum((1, 2))
            for half, there in zip(np.split(ink, 2, 2), np.split(place, 2, 1), strict=True)
        )
        return (right - left) / 60

    assert 0.012 < distance(rows).std() < 0.018
    assert abs(distance(rows).mean()) < 0.004
    assert 0.033 < distance(columns).std() < 0.047
    assert abs(distance(columns).mean() - 1) < 0.01


def test_augmentation_fills_with_paper_and_stays_in_range():
    blank = np.full((32, 40, 30), 255, np.uint8)
    page = augment(blank, 1.0, np.random.default_rng(0))
    assert page.shape == (32, 1, 40, 30)
    assert page.dtype == np.float32
    assert page.min() >= 0
    assert page.max() < 0.08
    np.testing.assert_array_equal(augment(square(3, 3), 0.0, None), darkness_of(square(3, 3)))


def test_noise_has_the_strength_that_was_asked_for():
    grey = np.full((64, 40, 30), 128, np.uint8)
    for strength in (0.5, 1.0):
        inner = augment(grey, strength, np.random.default_rng(0))[:, 0, 10:30, 8:22]
        deviation = inner.std(axis=(1, 2)).mean()
        assert abs(deviation - 0.03 * strength) < 0.002 * strength
        assert 0.1 < inner.mean(axis=(1, 2)).std() / (0.5 * strength) < 0.2


def test_darkness_is_ink():
    page = np.array([[[0, 255, 51]]], np.uint8)
    np.testing.assert_allclose(darkness_of(page), [[[[1, 0, 0.8]]]], rtol=1e-6)
