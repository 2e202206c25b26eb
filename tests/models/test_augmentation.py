import mxnet as mx
import numpy as np

from common.models.augmentation import augment


def square(top, left):
    page = np.zeros((64, 1, 40, 30), np.float32)
    page[:, 0, top : top + 10, left : left + 8] = 1
    return mx.nd.array(page)


def centres(pages):
    ink = np.maximum(pages.asnumpy()[:, 0] - 0.3, 0)
    rows, columns = np.mgrid[:40, :30]
    mass = ink.sum(axis=(1, 2))
    return (ink * rows).sum((1, 2)) / mass, (ink * columns).sum((1, 2)) / mass


def test_augmentation_moves_pages_a_little_and_never_mirrors_them():
    rng = np.random.default_rng(0)
    for top, left in ((3, 3), (25, 3), (3, 18), (25, 18)):
        rows, columns = centres(augment(square(top, left), 1.0, rng))
        assert 0.1 < rows.std() < 3
        assert abs(rows.mean() - (top + 4.5)) < 1
        assert abs(columns.mean() - (left + 3.5)) < 1


def test_augmentation_fills_with_paper_and_stays_in_range():
    page = augment(mx.nd.zeros((32, 1, 40, 30)), 1.0, np.random.default_rng(0))
    assert page.min().asscalar() >= 0
    assert page.max().asscalar() <= 0.3
    same = augment(square(3, 3), 0.0, np.random.default_rng(0))
    np.testing.assert_array_equal(same.asnumpy(), square(3, 3).asnumpy())
