import numpy as np
import pytest
from tests.hosts import on_hosts
from tests.labelled import channel_of
from tests.pages.test_outputs import outputs_of

from common.pages.folds import assign_folds
from common.pages.outputs import OUT_OF_FOLD
from common.training.out_of_fold import out_of_fold

WORDS = np.random.default_rng(0).choice(list("abcdefghijklmnop"), (12, 3, 30))
TEXTS = [[" ".join(page) for page in document] for document in WORDS]
CHANNEL = channel_of(*[[("x", texts[:2]), ("y", texts[2:])] for texts in TEXTS])


def test_every_page_is_judged_once_by_a_model_that_has_not_seen_its_stream():
    calls = []

    def fit_and_say(seen, unseen):
        assert not {page.stream for page in seen.pages} & {page.stream for page in unseen.pages}
        calls.append((len(seen), len(unseen)))
        fold = np.full(len(unseen), float(len(calls)))
        return outputs_of(unseen, how=OUT_OF_FOLD, first_page=fold)

    outputs = out_of_fold(CHANNEL, assign_folds(CHANNEL, 4, 1), fit_and_say)
    assert outputs.keys == CHANNEL.keys
    assert calls == [(27, 9)] * 4
    assert sorted(np.unique(outputs.first_page, return_counts=True)[1]) == [9] * 4


@pytest.mark.parametrize("hosts", [2, 5])
def test_hosts_share_the_folds_out_and_all_get_what_one_host_gets(hosts):
    fold = assign_folds(CHANNEL, 4, 1)

    def say(seen, unseen):
        return outputs_of(unseen, how=OUT_OF_FOLD, first_page=np.full(len(unseen), len(seen) / 100))

    def act(peers):
        trained = []

        def fit_and_say(seen, unseen):
            trained.append(unseen.keys)
            return say(seen, unseen)

        return trained, out_of_fold(CHANNEL, fold, fit_and_say, peers)

    expected = out_of_fold(CHANNEL, fold, say)
    found = on_hosts(hosts, act)
    for _, outputs in found:
        assert outputs.keys == expected.keys
        for name in ("probabilities", "first_page", "embedding"):
            np.testing.assert_array_equal(getattr(outputs, name), getattr(expected, name))
    counts = [len(trained) for trained, _ in found]
    assert sum(counts) == 4
    assert max(counts) - min(counts) <= 1
