from pathlib import Path

import mxnet as mx
import numpy as np
import pytest
from gluonnlp.embedding import TokenEmbedding
from tests.labelled import channel_of
from tests.sample import SAMPLE

from common.job.artifact import sha256_of
from common.job.errors import ClientError
from common.job.pretrained import Pretrained
from common.job.tables import TextHyperparameters
from common.models.text import fit_text_model, load_text_model
from common.models.text_cnn import read_pages
from common.pages.channel import read_channel
from common.pages.outputs import HELD_OUT
from common.training.run import Run

pytestmark = pytest.mark.slow

HYPERPARAMETERS = TextHyperparameters(
    encoder="cnn", epochs=6, embedding=32, filters=32, max_tokens=150, learning_rate=0.006
)
TINY = HYPERPARAMETERS.model_copy(update={"epochs": 2, "embedding": 4, "filters": 4})
CONTRACT, INVOICE = "der vertrag gilt zwischen den parteien ", "rechnung summe betrag steuer "


def fit(train, validation, hyperparameters=HYPERPARAMETERS, pretrained=None):
    run = Run(pretrained=Pretrained(pretrained, "vectors") if pretrained else None)
    return fit_text_model(train, validation, train.classes, hyperparameters, run)


def small(hyperparameters=TINY, pretrained=None):
    """A model of a few short pages."""
    channel = channel_of([("contract", [CONTRACT * 3] * 4), ("invoice", [INVOICE * 2] * 4)])
    return fit(channel, channel, hyperparameters, pretrained)[0]


@pytest.fixture(scope="module")
def sample():
    return [read_channel(SAMPLE / part, labelled=True) for part in ("train", "validation", "test")]


@pytest.fixture(scope="module")
def trained(sample):
    return fit(*sample[:2])[0]


def test_it_learns_real_pages(trained, sample):
    """Far above the most frequent class (0.23)."""
    outputs = trained.outputs(sample[2], HELD_OUT)
    predicted = [outputs.classes[index] for index in outputs.probabilities.argmax(axis=1)]
    assert np.mean(np.array(predicted) == sample[2].labels) > 0.7
    assert outputs.embedding.shape == (47, 4 * 32)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path):
    digests = []
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        folder = tmp_path / name
        folder.mkdir()
        small(TINY.model_copy(update={"seed": seed})).save(folder)
        digests.append({file.name: sha256_of(file) for file in folder.iterdir()})
    assert digests[0] == digests[1]
    assert digests[0]["weights.params"] != digests[2]["weights.params"]


def test_what_was_saved_says_the_same(trained, sample, tmp_path):
    trained.save(tmp_path)
    again = load_text_model(tmp_path, trained.classes, HYPERPARAMETERS)
    one, other = (model.outputs(sample[2], HELD_OUT) for model in (trained, again))
    np.testing.assert_array_equal(one.probabilities, other.probabilities)
    np.testing.assert_array_equal(one.embedding, other.embedding)
    one, other = (model.encoder.vocabulary.idx_to_token for model in (trained, again))
    assert one == other


def test_a_page_is_judged_alike_in_any_company(trained, sample):
    texts = [page.text for page in sample[2].pages]
    together = trained.encoder.forward(texts)
    backwards = trained.encoder.forward(texts[::-1])
    alone = [trained.encoder.forward([text]) for text in texts[:12]]
    for part in range(2):  # embedding, heads
        np.testing.assert_allclose(together[part], backwards[part][::-1], atol=1e-5)
        np.testing.assert_allclose(
            together[part][:12], np.concatenate([page[part] for page in alone]), atol=1e-5
        )


def test_padding_is_not_seen_even_where_every_filter_is_negative():
    """With a positive bias a window on padding would win, so its number must not matter."""
    model = small()
    for name, parameter in model.encoder.net.encoder.collect_params().items():
        bias = name.endswith("bias")
        parameter.set_data(mx.nd.ones(parameter.shape) * (0.5 if bias else -1.0))
    texts = [CONTRACT, CONTRACT * 20]
    (_, together), (_, alone) = model.encoder.forward(texts), model.encoder.forward(texts[:1])
    np.testing.assert_allclose(together[:1], alone, atol=1e-6)
    pages = read_pages(texts, model.encoder.vocabulary, 150)
    rows = np.array([0, 1]), np.array([0])
    padded, short = (model.encoder.net(pages.batch(batch))[1].asnumpy() for batch in rows)
    assert pages.batch(rows[0]).place.shape[1] > pages.batch(rows[1]).place.shape[1]
    np.testing.assert_allclose(padded[:1], short, atol=1e-6)


def test_of_a_long_page_head_and_tail_are_read():
    model = small(TINY.model_copy(update={"max_tokens": 10}))
    head, tail = "a b c d e ", "v w x y z"
    middles = ["", "anything at all ", "and more " * 500]
    pages = read_pages([head + "m " + middle + tail for middle in middles], *_limits(model))
    assert pages.lengths[0] == pages.lengths[1] == pages.lengths[2]
    heads = model.encoder.forward([head + "m " + middle + tail for middle in middles])[1]
    np.testing.assert_array_equal(heads[0], heads[1])
    np.testing.assert_array_equal(heads[0], heads[2])


def _limits(model):
    return model.encoder.vocabulary, model.encoder.max_tokens


def test_odd_pages_get_an_answer():
    model = small()
    unknown = "qqq zzz"
    texts = ["", "\n\n", "0123 4567", "\u202e\u05d0\u05d1", "\x00\x01", "word " * 50_000, unknown]
    outputs = model.outputs(channel_of([("contract", texts)]), HELD_OUT)
    np.testing.assert_allclose(outputs.probabilities.sum(axis=1), 1, rtol=1e-5)
    alone = model.outputs(channel_of([("contract", [""])]), HELD_OUT)
    np.testing.assert_allclose(alone.probabilities[0], outputs.probabilities[0], rtol=1e-5)
    np.testing.assert_allclose(outputs.probabilities[1], outputs.probabilities[0], rtol=1e-5)


def test_a_training_set_with_one_page_that_has_text_is_enough():
    channel = channel_of([("contract", ["", CONTRACT]), ("invoice", [""])])
    assert fit(channel, channel, TINY)[0].encoder.forward([CONTRACT])[1].shape == (1, 4)


def test_words_seldom_seen_are_unknown_and_the_vocabulary_has_a_limit():
    train = channel_of([("contract", ["oft oft selten"]), ("invoice", ["mehr mehr mehr oft"])])
    vocabulary = fit(train, train, TINY)[0].encoder.vocabulary
    assert vocabulary.idx_to_token[2:] == ["mehr", "oft"]


def write_text(folder, head=("3 5",)):
    lines = [*head, "vertrag 1 2 3 4 5", "Rechnung 5 4 3 2 1", "other 0 0 0 0 0"]
    (folder / "german.vec").write_text("\n".join(lines), encoding="utf-8")


def write_serialized(folder):
    write_text(folder, head=())
    vectors = TokenEmbedding.from_file(str(folder / "german.vec"))
    vectors.serialize(folder / "german.npz")
    (folder / "german.vec").unlink()


@pytest.mark.parametrize("write", [write_text, write_serialized])
def test_it_starts_from_word_vectors(tmp_path, write):
    write(tmp_path)
    still = TINY.model_copy(update={"epochs": 1, "learning_rate": 1e-12})
    model = small(still, tmp_path)
    weight = model.encoder.net.words.weight.data().asnumpy()
    index = model.encoder.vocabulary.token_to_idx
    np.testing.assert_allclose(weight[index["vertrag"]], [1, 2, 3, 4, 5], atol=1e-6)
    np.testing.assert_allclose(weight[index["rechnung"]], [5, 4, 3, 2, 1], atol=1e-6)

    out = tmp_path / "out"
    out.mkdir()
    model.save(out)
    again = load_text_model(out, model.classes, still)  # needs no channel
    texts = [CONTRACT, INVOICE]
    np.testing.assert_array_equal(again.encoder.forward(texts)[1], model.encoder.forward(texts)[1])


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"a.vec": "der 1 2", "b.vec": "der 1 2"},
        {"a.txt": "der 1 2\nvertrag 1"},
        {"a.txt": "der x y"},
        {"a.txt": "other 1 2"},
        {"a.npz": ""},
    ],
)
def test_an_unsuitable_channel_is_the_users_to_mend(tmp_path, files):
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ClientError, match=r"channel 'pretrained'.*must hold one file") as raised:
        small(TINY, tmp_path)
    assert str(tmp_path) in str(raised.value)


class Harmful:
    def __reduce__(self):
        return Path.touch, (Path("harmed"),)


@pytest.mark.parametrize(
    "arrays",
    [
        {"idx_to_token": np.array(["vertrag"], object)},
        {"idx_to_token": np.array([1], object), "idx_to_vec": np.ones((1, 2))},
        {"idx_to_token": np.array(["vertrag"], object), "idx_to_vec": np.ones((2, 2))},
        {"idx_to_token": np.array(["other"], object), "idx_to_vec": np.ones((1, 2))},
        {"idx_to_token": np.array([Harmful()], object), "idx_to_vec": np.ones((1, 2))},
        {"idx_to_token": np.array(["vertrag"], object), "idx_to_vec": np.array([[Harmful()]])},
    ],
)
def test_serialized_vectors_cannot_do_harm(tmp_path, monkeypatch, arrays):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ClientError, match=r"channel 'pretrained': cannot read .*a\.npz"):
        small(TINY, tmp_path)
    assert not (tmp_path / "harmed").exists()


def test_the_words_that_spoke_for_a_class():
    model = small(HYPERPARAMETERS.model_copy(update={"learning_rate": 0.01}))
    texts = [CONTRACT + INVOICE, "", INVOICE * 3]
    contract, invoice = (
        [model.encoder.explain(text, label, 3) for text in texts] for label in range(2)
    )
    for one, words in ((contract, CONTRACT), (invoice, INVOICE)):
        assert len(one[0]) == 3
        assert {word for word, _ in one[0]} <= set(words.split())
        votes = [vote for _, vote in one[0]]
        assert votes == sorted(votes, reverse=True)
        assert votes[-1] > 0
    said_often = model.encoder.explain(INVOICE * 20 + CONTRACT, 0, 3)
    assert {word for word, _ in said_often} <= set(CONTRACT.split())
    assert contract[1] == invoice[1] == []  # a page without a word
    alone = model.encoder.explain(texts[0], 0, 3)
    assert [word for word, _ in alone] == [word for word, _ in contract[0]]
