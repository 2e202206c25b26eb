import numpy as np
from tests.pages.test_evidence import evidence

from common.pages.examples import withholding
from common.pages.recombination import LabelledStream

STREAM = LabelledStream(np.arange(3), np.zeros(3, int), np.array([True, False, False]))


def test_pages_and_whole_streams_go_without_one_of_the_modalities():
    """At a share of 0.2: of pages, and each modality from a fifth of the streams."""
    rng = np.random.default_rng(0)
    seen = np.stack([withholding(evidence(), STREAM, 0.2, rng).seen for _ in range(2000)])
    expected = 0.8 * 0.8  # neither the page's nor the stream's is withheld
    np.testing.assert_allclose(seen.mean(axis=(0, 2)), expected, atol=0.03)
    nothing = ~seen.any(axis=2)
    np.testing.assert_allclose(nothing.mean(axis=0), 0.2 + 0.8 * 0.2**3, atol=0.03)


def test_a_share_of_nothing_withholds_nothing():
    rng = np.random.default_rng(0)
    assert withholding(evidence(), STREAM, 0.0, rng).seen.all()
    alone = evidence(image=False)
    assert np.mean([withholding(alone, STREAM, 0.2, rng).seen.any() for _ in range(200)]) > 0.9
