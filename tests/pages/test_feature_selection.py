import numpy as np
from sklearn.feature_selection import SelectKBest, chi2
from tests.labelled import channel_of

from common.pages.feature_selection import select_features
from common.pages.targets import targets_of
from common.pages.text import count_matrix

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
    selected = set(select_features(counts, TARGETS, 40))
    assert all(len(buckets & selected) >= 2 for buckets in telling)
    everywhere = np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]) == 30)
    assert not selected & set(everywhere)


def test_it_agrees_with_scikit_learn_where_the_class_alone_counts():
    counts = count_matrix([page.text for page in CHANNEL.pages])
    present = counts.copy()
    present.data[:] = 1
    best = SelectKBest(chi2, k=10).fit(present, TARGETS.label).get_support(indices=True)
    worth = chi2(present, TARGETS.label)[0]
    selected = select_features(counts, TARGETS, 30)
    assert np.nan_to_num(worth)[selected].max() == worth[best].max()


def test_no_more_than_asked_for_and_sorted():
    counts = count_matrix([page.text for page in CHANNEL.pages])
    selected = select_features(counts, TARGETS, 7)
    assert len(selected) == 7
    assert (np.diff(selected.astype(int)) > 0).all()
