import json

import mxnet as mx
import numpy as np
import pytest
from gluonnlp.vocab import BERTVocab
from tests.labelled import channel_of
from tests.models.tiny_bert import SIZES, write_tiny_bert
from tests.sample import SAMPLE

from common.job.artifact import sha256_of
from common.job.errors import ClientError
from common.job.pretrained import Pretrained
from common.job.tables import TextHyperparameters
from common.models.bert_channel import BertConfig
from common.models.text import fit_text_model, load_text_model
from common.models.text_bert import read_pages, window_spans
from common.models.text_bert_network import PageBERT, layers_from_the_top, set_rates, wake
from common.pages.channel import read_channel
from common.pages.outputs import HELD_OUT
from common.training.run import Run

pytestmark = pytest.mark.slow

HYPERPARAMETERS = TextHyperparameters(
    encoder="bert", epochs=3, max_tokens=46, learning_rate=0.001, unfreeze=1, batch_size=16
)
OVERFIT = HYPERPARAMETERS.model_copy(
    update={"epochs": 60, "dropout": 0, "label_smoothing": 0, "noise": 0, "batch_size": 5}
)
CONTRACT, INVOICE = "der vertrag gilt zwischen den parteien ", "rechnung summe betrag steuer "


def fit(train, validation, pretrained, hyperparameters=HYPERPARAMETERS):
    run = Run(pretrained=Pretrained(pretrained, "a BERT") if pretrained else None)
    return fit_text_model(train, validation, train.classes, hyperparameters, run)


@pytest.fixture(scope="module")
def sample():
    return [read_channel(SAMPLE / part, labelled=True) for part in ("train", "validation", "test")]


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory, sample):
    folder = tmp_path_factory.mktemp("pretrained")
    write_tiny_bert(folder, [page.text for page in sample[0].pages] + [CONTRACT, INVOICE])
    return folder


@pytest.fixture(scope="module")
def trained(sample, pretrained):
    return fit(*sample[:2], pretrained, HYPERPARAMETERS.model_copy(update={"epochs": 8}))


@pytest.fixture(scope="module")
def short():
    """A few pages of which one is longer than a window."""
    return channel_of([("contract", [CONTRACT, CONTRACT * 30]), ("invoice", [INVOICE] * 2)])


def test_training_loss_falls(trained):
    losses = [row["train_loss"] for row in trained[1].epochs]
    assert losses[-1] < 0.9 * losses[0]


def test_it_learns_twenty_pages_by_heart(sample, pretrained):
    rows = np.random.default_rng(0).permutation(len(sample[0]))[:20]
    twenty = sample[0].take(sorted(rows))
    model, history = fit(twenty, twenty, pretrained, OVERFIT)
    best = history.best()
    assert best["validation_accuracy"] == 1
    assert best["validation_last_page_accuracy"] > 0.9
    assert best["train_loss"] < 0.2 * history.epochs[0]["train_loss"]
    assert model.outputs(twenty, HELD_OUT).embedding.shape == (20, SIZES["units"])


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path, short, pretrained):
    digests = []
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        folder = tmp_path / name
        folder.mkdir()
        hp = HYPERPARAMETERS.model_copy(update={"seed": seed})
        fit(short, short, pretrained, hp)[0].save(folder)
        digests.append({file.name: sha256_of(file) for file in folder.iterdir()})
    assert digests[0] == digests[1]
    assert digests[0]["weights.params"] != digests[2]["weights.params"]


def test_what_was_saved_says_the_same_without_the_channel(trained, sample, tmp_path):
    model = trained[0]
    model.save(tmp_path)
    again = load_text_model(tmp_path, model.classes, HYPERPARAMETERS)
    one, other = (m.outputs(sample[2], HELD_OUT) for m in (model, again))
    np.testing.assert_array_equal(one.probabilities, other.probabilities)
    vocabularies = [m.encoder.vocabulary.idx_to_token for m in (model, again)]
    assert vocabularies[0] == vocabularies[1]


def test_it_starts_from_the_channels_parameters(short, pretrained):
    still = HYPERPARAMETERS.model_copy(update={"epochs": 1, "learning_rate": 1e-12})
    net = fit(short, short, pretrained, still)[0].encoder.net
    given = mx.nd.load(str(pretrained / "tiny.params"))
    ours = net.bert._collect_params_with_prefix()
    assert set(given) - set(ours) == {name for name in given if name[:7] in ("decoder", "classif")}
    for name, parameter in ours.items():
        np.testing.assert_allclose(parameter.data().asnumpy(), given[name].asnumpy(), atol=1e-6)


def test_it_reads_a_page_as_gluonnlps_own_forward_pass_does(trained, sample):
    encoder = trained[0].encoder
    texts = [page.text for page in sample[2].pages[:5]]
    pages = read_pages(texts, encoder.config, encoder.vocabulary, 46)
    batch = pages.batch(np.arange(5))
    pieces = mx.nd.array(batch.pieces)
    _, pooled = encoder.net.bert(pieces, pieces.zeros_like(), mx.nd.array(batch.valid))
    np.testing.assert_allclose(encoder.forward(texts)[0], pooled.asnumpy(), atol=1e-5)


@pytest.mark.parametrize("max_tokens", [46, 200])
def test_a_page_is_judged_alike_in_any_company(trained, sample, max_tokens):
    encoder = trained[0].encoder
    reader = type(encoder)(encoder.config, encoder.vocabulary, encoder.net, max_tokens)
    texts = [page.text for page in sample[2].pages[:12]] + [""]
    together, backwards = reader.forward(texts), reader.forward(texts[::-1])
    alone = [reader.forward([text]) for text in texts]
    for part in range(2):  # embedding, heads
        np.testing.assert_allclose(together[part], backwards[part][::-1], atol=1e-5)
        expected = np.concatenate([page[part] for page in alone])
        np.testing.assert_allclose(together[part], expected, atol=1e-5)


def test_odd_pages_get_an_answer(trained):
    texts = ["", "\n\n", "0123 4567", "\u202e\u05d0\u05d1", "\x00\x01", "word " * 50_000]
    outputs = trained[0].outputs(channel_of([("contract", texts)]), HELD_OUT)
    np.testing.assert_allclose(outputs.probabilities.sum(axis=1), 1, rtol=1e-5)
    alone = trained[0].outputs(channel_of([("contract", [""])]), HELD_OUT)
    np.testing.assert_allclose(alone.probabilities[0], outputs.probabilities[0], rtol=1e-5)


def test_windows_are_framed_and_what_does_not_fit_is_cut_from_the_middle():
    vocabulary = BERTVocab(dict.fromkeys("abcdefghij", 1))
    config = BertConfig(max_length=6, lower=True)
    pages = read_pages(["a b c d e f g h i j", ""], config, vocabulary, 7)
    said = [[vocabulary.to_tokens(window.tolist()) for window in page] for page in pages.windows]
    frame = lambda pieces: ["[CLS]", *pieces, "[SEP]"]  # noqa: E731
    assert said == [[frame([*"abc", "[SEP]"]), frame(["[SEP]", *"hij"])], [frame("")]]
    batch = pages.batch(np.array([1, 0]))
    np.testing.assert_array_equal(batch.share, [[1, 0, 0], [0, 0.5, 0.5]])
    np.testing.assert_array_equal(batch.valid, [2, 6, 6])


@pytest.mark.parametrize(("pieces", "width"), [(0, 5), (5, 5), (6, 5), (100, 10), (7, 1)])
def test_windows_cover_every_piece(pieces, width):
    spans = window_spans(pieces, width)
    assert {at for span in spans for at in range(*span)} == set(range(pieces))
    assert all(stop - start == min(width, pieces) for start, stop in spans)
    assert len(spans) <= 1 + 2 * pieces // width


def test_layers_wake_from_the_top_down_and_learn_slower_towards_the_bottom():
    config = BertConfig(**SIZES, lower=True)
    net = PageBERT(config, 50, 3, dropout=0)
    net.initialize()
    groups = layers_from_the_top(net)
    assert len(groups) == 4  # heads, two layers, embeddings
    assert sum(map(len, groups)) == len(net.collect_params().keys())
    set_rates(net, 0.5)
    assert [group[-1].lr_mult for group in groups] == [1, 0.5, 0.25, 0.125]
    assert net.heads.weight.lr_mult == 10

    def awake(epoch, unfreeze):
        wake(net, epoch, unfreeze)
        return [{p.grad_req for p in group} == {"write"} for group in groups]

    assert awake(0, 3) == [True, False, False, False]
    assert awake(1, 3) == [True, True, False, False]
    assert awake(3, 3) == awake(9, 3) == awake(0, 0) == [True] * 4


def test_sleeping_layers_do_not_change(short, pretrained):
    asleep = HYPERPARAMETERS.model_copy(update={"epochs": 2, "unfreeze": 1000})
    net = fit(short, short, pretrained, asleep)[0].encoder.net
    given = mx.nd.load(str(pretrained / "tiny.params"))
    ours = net.bert._collect_params_with_prefix()
    same = {name for name, p in ours.items() if (p.data() == given[name]).min().asscalar()}
    assert set(ours) - same == {"pooler.weight", "pooler.bias"}


def write_config(folder, **changes):
    config = {**SIZES, "lower": True, **changes}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda folder: (folder / "config.json").unlink(), "there is no .*config.json"),
        (lambda folder: (folder / "tiny.vocab").unlink(), ".vocab files in .*: none"),
        (lambda folder: (folder / "tiny.params").unlink(), ".params files in .*: none"),
        (lambda folder: (folder / "b.params").write_text(""), "b.params, tiny.params"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json: .*JSON"),
        (lambda folder: write_config(folder, layers=2), "layers: Extra inputs"),
        (lambda folder: write_config(folder, num_heads=5), "units .32. must be a multiple"),
        (lambda folder: write_config(folder, units=64), "tiny.params: it does not fit"),
        (lambda folder: write_config(folder, num_layers=3), "tiny.params: it does not fit"),
        (lambda folder: (folder / "tiny.params").write_text("no"), "tiny.params: it does not"),
        (lambda folder: (folder / "tiny.vocab").write_text("[PAD]\n[UNK]"), "not a vocabulary"),
        (lambda folder: (folder / "tiny.vocab").write_text("[]"), "not a vocabulary"),
    ],
)
def test_an_unsuitable_channel_is_the_users_to_mend(tmp_path, short, spoil, told):
    write_tiny_bert(tmp_path, [CONTRACT, INVOICE])
    spoil(tmp_path)
    with pytest.raises(ClientError, match=f"channel 'pretrained'.*{told}.*must hold config.json"):
        fit(short, short, tmp_path)


def test_without_a_channel_it_says_what_must_lie_there(short):
    with pytest.raises(ClientError, match=r"'pretrained' is missing.*must hold config.json"):
        fit(short, short, None)


def test_the_words_that_spoke_for_a_class_are_put_together_from_pieces(short, pretrained):
    hp = OVERFIT.model_copy(update={"epochs": 10, "unfreeze": 0})
    model = fit(short, short, pretrained, hp)[0]
    texts = ["der vertragx summe", "", CONTRACT * 30]
    explained = [model.encoder.explain(text, 0, 50) for text in texts]
    assert explained[1] == []
    words = {word for word, _ in explained[0] + model.encoder.explain(texts[0], 1, 50)}
    assert words == set(texts[0].split())
    assert {word for word, _ in explained[2]} & set(CONTRACT.split())
    assert len(model.encoder.explain(texts[0], 0, 2)) == 2
