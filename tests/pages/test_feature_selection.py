import numpy as np
from sklearn.feature_selection import chi2
from tests.labelled import channel_of

from common.pages.feature_selection import select_features, worth_of_features
from common.pages.ngrams import count_matrix
from common.pages.targets import targets_of

CHANNEL = channel_of(
    *[
        [("x", ["opening alpha common", "alpha common closing"]), ("y", ["opening beta common"])]
        for _ in range(10)
    ]
)
TARGETS = targets_of(CHANNEL, ["x", "y"])


def test_targets_say_class_and_ends_of_documents():
    assert TARGETS.label[:3].tolist() == [0, 0, 1]
    assert TARGETS.first_page[:3].tolist() == [1, 0, 1]
    assert TARGETS.last_page[:3].tolist() == [0, 1, 1]
    assert np.isclose(TARGETS.weight.mean(), 1)
    assert np.isclose(TARGETS.weight[2] / TARGETS.weight[0], np.sqrt(2))


def test_what_tells_class_or_boundary_is_chosen_before_what_all_pages_share():
    counts = count_matrix([page.text for page in CHANNEL.pages])
    telling = [set(count_matrix([word]).indices) for word in ("alpha", "beta", "opening")]
    selected = set(select_features(worth_of_features(counts, TARGETS), 40))
    assert all(len(buckets & selected) >= 2 for buckets in telling)
    everywhere = np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]) == 30)
    assert not selected & set(everywhere)


def test_the_worth_of_a_feature_is_scikit_learns():
    counts = count_matrix([page.text for page in CHANNEL.pages])
    counts.data[:] = 1
    worth = worth_of_features(counts, TARGETS)
    common = counts[:, worth >= 0]
    answers = [TARGETS.label == 0, TARGETS.label == 1, TARGETS.first_page, TARGETS.last_page]
    expected = np.max([np.nan_to_num(chi2(common, answer)[0]) for answer in answers], axis=0)
    np.testing.assert_allclose(worth[worth >= 0], expected, rtol=1e-5, atol=1e-9)
    on_few = np.asarray((counts > 0).sum(axis=0)).ravel() < 2
    assert (worth[on_few] == -np.inf).all()
    assert (worth[~on_few] >= 0).all()


def test_an_answer_that_all_pages_share_tells_nothing():
    channel = channel_of(*[[("x", ["alone"])]] * 3, *[[("x", ["alone too"])]] * 3)
    counts = count_matrix([page.text for page in channel.pages])
    worth = worth_of_features(counts, targets_of(channel, ["x"]))
    assert not worth[worth >= 0].any()


def test_no_more_than_asked_for_and_sorted():
    counts = count_matrix([page.text for page in CHANNEL.pages])
    selected = select_features(worth_of_features(counts, TARGETS), 7)
    assert len(selected) == 7
    assert (np.diff(selected.astype(int)) > 0).all()
