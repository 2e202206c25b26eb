import dataclasses

import mxnet as mx
import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer
from tests.labelled import channel_of
from tests.sample import SAMPLE

from common.job.tables import TextHyperparameters
from common.models.text import fit_text_model, load_text_model
from common.models.text_ngram import NgramEncoder, NgramFeatures, NgramHeads, forward, weigh
from common.pages.channel import read_channel
from common.pages.ngrams import count_matrix
from common.pages.ocr_noise import add_noise
from common.pages.outputs import HELD_OUT
from common.pages.text_descriptor import inverse_document_frequency
from common.training.run import Run

HYPERPARAMETERS = TextHyperparameters(epochs=12, max_features=2048)


def fit(train, validation, hyperparameters=HYPERPARAMETERS):
    return fit_text_model(train, validation, train.classes, hyperparameters, Run())


@pytest.fixture(scope="module")
def sample():
    return [read_channel(SAMPLE / part, labelled=True) for part in ("train", "validation", "test")]


@pytest.fixture(scope="module")
def trained(sample):
    return fit(*sample[:2])


def test_it_learns_real_pages(trained, sample):
    """Far above the most frequent class (0.23) and the most frequent answer (not first: 0.72)."""
    outputs = trained[0].outputs(sample[2], HELD_OUT)
    predicted = [outputs.classes[index] for index in outputs.probabilities.argmax(axis=1)]
    assert np.mean(np.array(predicted) == sample[2].labels) > 0.7
    first = np.zeros(len(outputs), bool)
    first[[document.rows.start for document in sample[2].documents]] = True
    assert np.mean((outputs.first_page > 0.5) == first) > 0.75


def test_it_does_not_see_labels_or_names(trained, sample):
    renamed = [
        dataclasses.replace(page, label=None, document="x", source="y", stream=f"z{row}")
        for row, page in enumerate(sample[2].pages)
    ]
    channel = type(sample[2])("test", sample[2].folder, tuple(renamed))
    one, other = (trained[0].outputs(pages, HELD_OUT) for pages in (sample[2], channel))
    np.testing.assert_array_equal(one.probabilities, other.probabilities)


def test_the_same_seed_gives_the_same_model_and_another_one_another(trained, sample):
    again = fit(*sample[:2])[0]
    other = fit(*sample[:2], HYPERPARAMETERS.model_copy(update={"seed": 2}))[0]
    weights = [model.encoder.net.weight.data().asnumpy() for model in (trained[0], again, other)]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_what_was_saved_says_the_same(trained, sample, tmp_path):
    model = trained[0]
    model.save(tmp_path)
    again = load_text_model(tmp_path, model.classes, HYPERPARAMETERS)
    one, other = (m.outputs(sample[2], HELD_OUT) for m in (model, again))
    np.testing.assert_array_equal(one.probabilities, other.probabilities)
    np.testing.assert_array_equal(one.descriptors["projection"], other.descriptors["projection"])


def test_odd_pages_get_an_answer(trained):
    texts = ["", "\n\n", "0123 4567", "\u202e\u05d0\u05d1", "\x00\x01", "word " * 50_000]
    outputs = trained[0].outputs(channel_of([("contract", texts)]), HELD_OUT)
    np.testing.assert_allclose(outputs.probabilities.sum(axis=1), 1, rtol=1e-5)
    assert outputs.present.tolist() == [False, False, True, True, True, True]
    alone = trained[0].outputs(channel_of([("contract", [""])]), HELD_OUT)
    np.testing.assert_allclose(alone.probabilities[0], outputs.probabilities[0], rtol=1e-5)


def test_a_model_that_has_seen_noise_is_less_put_off_by_it(sample):
    rng = np.random.default_rng(1)
    texts = [add_noise(page.text, 0.2, rng) for page in sample[2].pages]
    pages = [
        dataclasses.replace(page, content=text)
        for page, text in zip(sample[2].pages, texts, strict=True)
    ]
    noisy = dataclasses.replace(sample[2], pages=tuple(pages))
    truth = [sample[0].classes.index(label) for label in noisy.labels]

    def likelihood(noise):
        hyperparameters = HYPERPARAMETERS.model_copy(update={"noise": noise})
        outputs = fit(*sample[:2], hyperparameters)[0].outputs(noisy, HELD_OUT)
        return np.log(outputs.probabilities[np.arange(len(truth)), truth]).mean()

    assert likelihood(0.2) > likelihood(0.0)


def test_a_hidden_layer_learns_too(sample):
    deep = HYPERPARAMETERS.model_copy(update={"hidden": 16, "learning_rate": 0.02})
    model, history = fit(*sample[:2], deep)
    assert history.best()["validation_accuracy"] > 0.6
    assert model.outputs(sample[2], HELD_OUT).embedding.shape == (47, 16)


def test_weights_are_scikit_learns_sublinear_tf_idf_but_for_its_logarithm():
    counts = count_matrix(["ein vertrag ein", "ein konto", "zwei konten"])
    idf = inverse_document_frequency(counts)
    ours = weigh(counts, idf)
    counts.data = np.log1p(counts.data)
    reference = TfidfTransformer(norm="l2")
    reference.fit(counts).idf_ = idf.astype(np.float64)
    np.testing.assert_allclose(ours.toarray(), reference.transform(counts).toarray(), rtol=1e-5)


def test_the_sparse_forward_pass_is_a_dense_product():
    net = NgramHeads(6, 2, hidden=0)
    net.initialize(mx.init.Normal(1))
    dense = np.random.default_rng(0).random((5, 6)) * (
        np.random.default_rng(1).random((5, 6)) > 0.5
    )
    dense[2] = 0
    features = sparse.csr_matrix(dense.astype(np.float32))
    expected = dense @ net.weight.data().asnumpy() + net.bias.data().asnumpy()
    np.testing.assert_allclose(forward(net, features)[1], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(forward(net, features[2:3])[1], expected[2:3], atol=1e-6)


@pytest.mark.parametrize("hidden", [0, 6])
def test_votes_are_what_each_ngram_adds_to_its_class(hidden):
    """By finite differences of the class's lead over the mean of all."""
    selected = np.unique(count_matrix(["ein vertrag über geld"]).indices)[::2].astype(np.uint32)
    net = NgramHeads(len(selected), 3, hidden)
    net.initialize(mx.init.Normal(1))
    features = NgramFeatures(selected, np.ones(len(selected), np.float32))
    encoder = NgramEncoder(features, net)

    def lead(page):
        logits = forward(net, page)[1][0, :3]
        return logits[1] - logits.mean()

    page = features(["ein vertrag über geld"])
    expected = []
    for entry in range(page.nnz):
        less, more = page.copy(), page.copy()
        less.data[entry] *= 0.999
        more.data[entry] *= 1.001
        expected.append((lead(more) - lead(less)) / 0.002)
    votes = encoder.explain("ein vertrag über geld", 1, 1000)
    assert [vote for _, vote in votes] == pytest.approx(
        sorted((vote for vote in expected if vote > 0), reverse=True), abs=2e-3
    )
    assert encoder.explain("ein vertrag über geld", 1, 2) == votes[:2]
    assert encoder.explain("", 1, 2) == []
