from dataclasses import replace

import mxnet as mx
import numpy as np
import pytest
from tests.labelled import channel_of

from common.job.tables import SequenceHyperparameters
from common.models.chain_decoding import decode
from common.models.sequence import fit_sequence_model, load_sequence_model
from common.models.sequence_network import SequenceNetwork
from common.pages.evidence import Evidence
from common.pages.examples import Examples
from common.pages.outputs import OUT_OF_FOLD, page_outputs
from common.pages.recombination import original_streams
from common.pages.targets import targets_of
from common.results.validation import score_streams
from common.training.run import say_nothing

CLASSES = ("x", "y", "z")
CHAIN = SequenceHyperparameters(structure="chain", epochs=25, hidden=8, learning_rate=0.02)
SEGMENTAL = SequenceHyperparameters(structure="segmental", reshuffles=2)
STRUCTURES = {
    "chain": CHAIN,
    "chain, lstm": CHAIN.model_copy(update={"encoder": "lstm"}),
    "segmental": SEGMENTAL,
    "segmental, joint": SEGMENTAL.model_copy(update={"learning": "joint"}),
    "segmental, lstm": SEGMENTAL.model_copy(
        update={"encoder": "lstm", "epochs": 10, "hidden": 4, "learning_rate": 0.02}
    ),
}


def streams_of(seed, streams=16):
    """Documents of one to three pages, classes in random order; no two have a word in common."""
    rng = np.random.default_rng(seed)

    def document(number):
        return str(rng.choice(CLASSES)), [
            f"word{chr(97 + number % 26)}{chr(97 + number // 26)}"
        ] * int(rng.integers(1, 4))

    return channel_of(
        *[[document(6 * stream + place) for place in range(6)] for stream in range(streams)],
        name="train" if seed else "test",
    )


def examples(seed, present=True):
    """What a base model that is right four times out of five would say."""
    channel = streams_of(seed)
    rng = np.random.default_rng(seed + 100)
    targets = targets_of(channel, CLASSES)
    pages = len(channel)
    logits = rng.normal(0, 1, (pages, 3)) + 2.5 * np.eye(3)[targets.label]
    ends = np.stack([targets.first_page, targets.last_page])
    first, last = 1 / (1 + np.exp(rng.normal(0, 1.5, (2, pages)) - 4 * (ends - 0.5)))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    outputs = page_outputs(
        channel,
        kind="image",
        how=OUT_OF_FOLD,
        classes=CLASSES,
        present=np.full(pages, present),
        probabilities=probabilities,
        first_page=first,
        last_page=last,
        embedding=rng.random((pages, 4)),
        descriptors={
            "thumbnail": rng.integers(0, 255, (pages, 24, 18)).astype(np.uint8),
            "margins": rng.random((pages, 4)).astype(np.float16),
            "ink": rng.random((pages, 1)).astype(np.float16),
            "aspect": np.full(pages, 0.35, np.float16),
        },
    )
    return Examples(channel, Evidence(None, outputs))


def fit(hyperparameters):
    validation = examples(2)
    return fit_sequence_model(
        examples(1),
        validation,
        CLASSES,
        hyperparameters,
        score=lambda found: score_streams(validation.channel, CLASSES, found),
        report=say_nothing,
    )


@pytest.fixture(scope="module", params=STRUCTURES)
def structure(request):
    return request.param


@pytest.fixture(scope="module")
def trained(structure):
    return fit(STRUCTURES[structure])[0]


def accuracy(model, test):
    truth = original_streams(test.channel, CLASSES)
    found = model.posteriors(test.evidence, test.channel.streams)
    labels = [a.labels == b.labels for a, b in zip(truth, found, strict=True)]
    starts = [a.starts == b.starts for a, b in zip(truth, found, strict=True)]
    return np.concatenate(labels).mean(), np.concatenate(starts).mean()


def test_it_is_better_than_the_pages_alone(trained):
    test = examples(0)
    truth = targets_of(test.channel, CLASSES)
    alone = test.evidence.image
    label, start = accuracy(trained, test)
    assert label > np.mean(alone.probabilities.argmax(axis=1) == truth.label)
    assert start > np.mean((alone.first_page > 0.5) == truth.first_page)


def test_pages_of_which_nothing_is_known_get_an_answer_without_certainty(trained):
    unknown, known = (
        trained.posteriors(one.evidence, one.channel.streams)
        for one in (examples(0, present=False), examples(0))
    )
    unsure, sure = (
        np.mean([stream.class_probability.max(axis=1).mean() for stream in found])
        for found in (unknown, known)
    )
    assert unsure < 0.7 < sure
    assert all(stream.segment.max() < 0.5 for stream in unknown)


def test_the_same_seed_gives_the_same_model_and_another_one_another(structure, trained, tmp_path):
    hyperparameters = STRUCTURES[structure]
    again = fit(hyperparameters)[0]
    other = fit(hyperparameters.model_copy(update={"seed": 2}))[0]
    saved = []
    for name, model in (("one", trained), ("again", again), ("other", other)):
        folder = tmp_path / name
        folder.mkdir()
        model.save(folder)
        saved.append({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    assert saved[0] == saved[1]
    assert saved[0] != saved[2]
    assert trained.temperature == again.temperature


def test_what_was_saved_says_the_same(structure, trained, tmp_path):
    trained.save(tmp_path)
    loaded = load_sequence_model(tmp_path, CLASSES, STRUCTURES[structure])
    test = examples(0)
    for one, other in zip(
        trained.posteriors(test.evidence, test.channel.streams),
        loaded.posteriors(test.evidence, test.channel.streams),
        strict=True,
    ):
        np.testing.assert_array_equal(one.class_probability, other.class_probability)


@pytest.mark.parametrize("gain", [1, -1])
def test_joint_learning_is_kept_where_it_wins_and_given_up_where_it_does_not(gain, caplog):
    """Validation's figure goes up, or down, with every step."""
    caplog.set_level("INFO")
    validation, rated = examples(2), []

    def score(found):
        rated.append(found)
        return {"segment_f1_with_label": 0.5 + gain * 0.001 * len(rated)}

    staged, joint = (
        fit_sequence_model(
            examples(1),
            validation,
            CLASSES,
            SEGMENTAL.model_copy(update={"learning": learning}),
            score=score,
            report=say_nothing,
        )
        for learning in ("staged", "joint")
    )
    steps = len(staged[1].epochs)
    assert len(joint[1].epochs) > steps
    same = np.array_equal(staged[0].weights.vector(), joint[0].weights.vector())
    if gain > 0:
        assert joint[1].kept == len(joint[1].epochs)
        assert not same
        assert "learning=joint: validation_segment_f1_with_label" in caplog.text
    else:
        assert joint[1].kept == steps
        assert same
        assert "no step beat the staged weights" in caplog.text


def test_a_stream_among_others_is_what_it_is_alone(trained):
    """Streams run side by side, padded, and in an order of their own."""
    test = examples(0)
    streams = test.channel.streams
    streams = [streams[0], streams[1][:2], *streams[2:]]
    for found, rows in zip(trained.posteriors(test.evidence, streams), streams, strict=True):
        (alone,) = trained.posteriors(test.evidence, [rows])
        np.testing.assert_array_equal(found.labels, alone.labels)
        np.testing.assert_array_equal(found.starts, alone.starts)
        for name in ("class_probability", "boundary", "segment"):
            np.testing.assert_allclose(getattr(found, name), getattr(alone, name), atol=1e-6)


def test_posteriors_are_coherent(trained):
    test = examples(0)
    for found in trained.posteriors(test.evidence, test.channel.streams):
        np.testing.assert_allclose(found.class_probability.sum(axis=1), 1, atol=1e-9)
        assert found.boundary[0] == pytest.approx(1)
        for row, span in zip(found.segment, found.spans, strict=True):
            assert row.sum() <= found.boundary[span.start] + 1e-9
            assert (row <= found.class_probability[span.start] + 1e-9).all()


def test_a_higher_temperature_makes_less_sure(trained):
    """Of pages, of boundaries and of whole documents, on the same streams."""
    test = examples(0)
    streams = test.channel.streams
    cold, hot = (
        replace(trained, temperature=temperature).posteriors(test.evidence, streams)
        for temperature in (1.0, 4.0)
    )
    for sure, unsure in zip(cold, hot, strict=True):
        np.testing.assert_array_equal(sure.labels, unsure.labels)  # the best remains the best
        np.testing.assert_array_equal(sure.starts, unsure.starts)
        for name in ("class_probability", "segment"):
            most, less = (getattr(one, name).max(axis=1).mean() for one in (sure, unsure))
            assert less < most
        doubt = [np.abs(one.boundary[1:] - 0.5).mean() for one in (sure, unsure)]
        assert doubt[1] < doubt[0]


@pytest.mark.parametrize("encoder", ["none", "lstm"])
def test_padding_changes_nothing(encoder):
    """A short stream beside a long one has the scores that it has alone."""
    net = SequenceNetwork(5, 3, 1, encoder=encoder, hidden=4, dropout=0.5)
    net.initialize(mx.init.Normal(0.5))
    rng = np.random.default_rng(0)
    features, class_votes = rng.normal(size=(7, 2, 5)), rng.normal(size=(1, 7, 2, 3))
    boundary_votes = rng.normal(size=(1, 7, 2))
    inputs = [mx.nd.array(array) for array in (features, class_votes, boundary_votes)]
    short = [inputs[0][:3, 1:], inputs[1][:, :3, 1:], inputs[2][:, :3, 1:]]
    padded, alone = net(*inputs, mx.nd.array([7, 3])), net(*short, mx.nd.array([3]))
    for one, other in zip(padded[:2], alone[:2], strict=True):
        np.testing.assert_allclose(one.asnumpy()[:3, 1:], other.asnumpy(), atol=1e-6)


@pytest.mark.parametrize("encoder", ["none", "lstm"])
def test_the_gradient_is_that_of_finite_differences(encoder):
    """Of all scores together, each with a weight of its own, over streams of unequal length."""
    net = SequenceNetwork(3, 2, 1, encoder=encoder, hidden=2, dropout=0.0)
    net.initialize(mx.init.Normal(0.5))
    rng = np.random.default_rng(1)
    shapes = ((4, 2, 3), (1, 4, 2, 2), (1, 4, 2))
    inputs = [*(mx.nd.array(rng.normal(size=shape)) for shape in shapes), mx.nd.array([4, 2])]
    weights = [mx.nd.array(rng.normal(size=shape)) for shape in ((4, 2, 2), (4, 2, 2), (2, 2))]
    weights[0][2:, 1] = weights[1][2:, 1] = 0  # the padding

    def total():
        return sum(
            (score * weight).sum() for score, weight in zip(net(*inputs), weights, strict=True)
        )

    with mx.autograd.record():
        outcome = total()
    outcome.backward()
    for parameter in net.collect_params().values():
        if parameter.grad_req == "null":
            continue
        values, gradient = parameter.data().asnumpy(), parameter.grad().asnumpy()
        assert gradient.any(), parameter.name
        for place in list(np.ndindex(values.shape))[::2]:
            around = []
            for step in (1e-2, -1e-2):
                moved = values.copy()
                moved[place] += step
                parameter.set_data(mx.nd.array(moved))
                around.append(float(total().asscalar()))
            parameter.set_data(mx.nd.array(values))
            slope = (around[0] - around[1]) / 2e-2
            assert gradient[place] == pytest.approx(slope, abs=5e-3), parameter.name


def test_decoding_a_certain_stream_returns_it():
    from common.models.chain_crf import ChainScores

    labels, starts = np.array([0, 0, 2, 2, 1]), np.array([True, False, True, True, True])
    bonus = 50.0 * np.eye(3)[labels]
    found = decode(ChainScores(bonus + 50.0 * starts[:, None] - 25, bonus, np.zeros((3, 3))))
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_array_equal(found.starts, starts)
    assert found.segment.max(axis=1) == pytest.approx(np.ones(4))


def test_the_most_probable_segmentations_of_a_stream_come_with_their_probability(trained):
    test = examples(0)
    rows = test.channel.streams[0]
    (found,) = trained.posteriors(test.evidence, [rows], 50)
    chances = [one.probability for one in found.best]
    assert chances == sorted(chances, reverse=True)
    assert len(chances) == 50
    assert sum(chances) <= 1 + 1e-9
    (alone,) = trained.posteriors(test.evidence, [rows])
    assert [one.probability for one in alone.best] == pytest.approx(chances[:1])
    np.testing.assert_array_equal(found.labels, alone.labels)
    np.testing.assert_array_equal(found.starts, alone.starts)
    # What is certain of the best segmentation is certain of each of its documents.
    assert chances[0] <= found.segment.max(axis=1).min() + 1e-9
