"""What the segmental model weighs, each part against a plain computation."""

from dataclasses import replace

import numpy as np
import pytest

from common.job.tables import SequenceHyperparameters
from common.models import document_classifier
from common.models.boundary_scorer import fit_boundary_scorer, load_boundary_scorer
from common.models.document_classifier import (
    fit_document_classifier,
    load_document_classifier,
)
from common.models.length_table import fit_lengths
from common.models.segmental_crf import run_messages
from common.models.segmental_paths import Segments, path_scores
from common.models.segmental_weights import (
    Likelihood,
    Parts,
    fit_weights,
    from_vector,
    refine_weights,
    sensible_weights,
)
from common.pages.evidence import StreamFeatures


def features_of(pages, seed, classes=3, modalities=2):
    rng = np.random.default_rng(seed)
    seen = rng.random((modalities, pages)) < 0.8
    votes = np.log(rng.dirichlet(np.ones(classes), (modalities, pages))) * seen[:, :, None]
    return StreamFeatures(
        features=rng.normal(size=(pages, 6)).astype(np.float32),
        alone=rng.normal(size=(pages, 2)).astype(np.float32),
        class_votes=votes.astype(np.float32),
        boundary_votes=np.zeros((modalities, pages), np.float32),
        seen=seen,
    )


def fitted(streams, known=(0, 1, 2)):
    rng = np.random.default_rng(2)
    truths = [
        Segments(np.zeros(4, int), np.arange(0, 8, 2), np.full(4, 2), rng.choice(known, 4))
        for _ in streams
    ]
    return fit_document_classifier(streams, truths, 3, copies=1, seed=1)


def test_the_class_of_a_document_is_that_of_its_pooled_pages(monkeypatch):
    """Prefix sums against pooling every document by itself."""
    classifier = fitted([features_of(8, seed) for seed in range(6)])
    stream = features_of(6, 9)
    stream.seen[:, 3:5] = False
    stream.class_votes[:, 3:5] = 0
    found = classifier.log_probabilities(stream, 4)
    for start in range(6):
        for length in range(1, 5):
            if start + length > 6:
                assert not found[start, length - 1].any()
                continue
            pages = slice(start, start + length)
            row = [[length], stream.alone[pages].mean(axis=0)]
            for modality in range(2):
                seen = stream.seen[modality, pages]
                votes = np.where(seen[:, None], stream.class_votes[modality, pages], np.log(1 / 3))
                mean = votes[seen if seen.any() else slice(None)].mean(axis=0)
                row += [mean, votes[0], votes[-1], mean * max(1, seen.sum()) ** 0.5]
            row = np.concatenate(row)[None].astype(np.float32)
            forest = classifier.forest.probabilities(row)[0]
            linear = classifier.linear.probabilities(row)[0]
            expected = np.log(np.maximum((forest + linear) / 2, 0.003))
            if not stream.seen[:, pages].any():
                expected = np.full(3, np.log(1 / 3))
            np.testing.assert_allclose(found[start, length - 1], expected, atol=1e-6)
    kept = load_document_classifier(classifier.arrays())
    np.testing.assert_array_equal(kept.log_probabilities(stream, 4), found)
    monkeypatch.setattr(document_classifier, "_TOGETHER", 5)
    np.testing.assert_allclose(kept.log_probabilities(stream, 4), found, atol=1e-12)


@pytest.mark.parametrize("known", [[0], [0, 2], [0, 1, 2]])
def test_classes_without_a_document_are_possible_but_unlikely(known):
    streams = [features_of(8, seed) for seed in range(6)]
    classifier = fitted(streams, known)
    streams[0].seen[:] = True
    found = np.exp(classifier.log_probabilities(streams[0], 3))[:6]
    assert np.isfinite(found).all()
    unknown = [label for label in range(3) if label not in known]
    assert (found[:, :, unknown] < 0.1).all()


def test_lengths_are_a_distribution_that_never_ends():
    rng = np.random.default_rng(3)
    pages, labels = rng.integers(1, 9, 60), rng.integers(0, 2, 60)
    found = fit_lengths(pages, labels, limit=6, classes=3)
    tail = np.exp(found.table[-1]) * np.exp(found.tail) / (1 - np.exp(found.tail))
    np.testing.assert_allclose(np.exp(found.table).sum(axis=0) + tail, 1)
    only_short = fit_lengths(np.full(50, 2), np.zeros(50, int), limit=6, classes=2)
    assert only_short.table[1, 0] > np.log(0.4)
    assert (only_short.table > np.log(1e-6)).all()


@pytest.mark.parametrize("encoder", ["none", "lstm"])
def test_the_boundary_scorer_saturates_and_is_what_was_kept(encoder):
    hyperparameters = SequenceHyperparameters(encoder=encoder, epochs=10, hidden=4)
    rng = np.random.default_rng(4)
    streams = [features_of(10, seed) for seed in range(30)]
    starts = [np.append(True, s.features[1:, 0] + rng.normal(0, 0.5, 9) > 0) for s in streams]
    scorer = fit_boundary_scorer(streams, starts, copies=1, hyperparameters=hyperparameters)
    found = scorer.logits(streams[0])
    assert found[0] == 0
    assert np.mean((found[1:] > 0) == starts[0][1:]) > 0.7
    kept = load_boundary_scorer(scorer.arrays())
    np.testing.assert_array_equal(kept.logits(streams[0]), found)
    voiceless = replace(kept, network=None).logits(streams[0])
    assert np.array_equal(voiceless, found) == (encoder == "none")
    far = replace(streams[0], features=streams[0].features * 1e4)
    assert np.abs(scorer.logits(far)).max() <= 6


@pytest.mark.parametrize("answer", [True, False])
def test_where_all_answers_are_the_same_that_is_the_answer(answer):
    streams = [features_of(4, 1), features_of(1, 2)]
    starts = [np.append(True, np.full(len(stream.features) - 1, answer)) for stream in streams]
    scorer = fit_boundary_scorer(
        streams, starts, copies=1, hyperparameters=SequenceHyperparameters()
    )
    assert ((scorer.logits(streams[0])[1:] > 0) == answer).all()


def parts_of(seed, streams=3, pages=6, classes=3, limit=4):
    rng = np.random.default_rng(seed)
    return Parts(
        lengths=rng.integers(3, pages + 1, streams),
        boundary=rng.normal(size=(streams, pages)),
        voices=rng.normal(size=(streams, pages, 2)),
        document=rng.normal(size=(streams, pages, limit, classes)),
        table=rng.normal(size=(limit, classes)),
        tail=-rng.random(classes),
    )


def truths_of(parts, seed):
    rng = np.random.default_rng(seed)
    found = []
    for pages in parts.lengths:
        starts = np.append(True, rng.random(pages - 1) < 0.5)
        found.append((rng.integers(0, 3, starts.sum())[np.cumsum(starts) - 1], starts))
    return found


PARTS = [parts_of(seed) for seed in (1, 2)]
LIKELIHOOD = Likelihood(PARTS, [truths_of(one, seed) for seed, one in enumerate(PARTS)], copies=1)


def loss_at(vector):
    weights, total = from_vector(vector, 3), 0.0
    for one, own in zip(LIKELIHOOD.parts, LIKELIHOOD.truths, strict=True):
        scores = weights.scores(one)
        total += (run_messages(scores).log_partition - path_scores(scores, own)).sum()
    return total


def test_the_weights_minimise_the_loss_with_its_pull():
    """No step from what was found, along any scalar, makes the objective smaller."""
    losses = []
    found = fit_weights(LIKELIHOOD, lambda weights, loss: losses.append(loss))
    start = sensible_weights(3, 2).vector()
    # boundary, start, two voices, then length, document and label of three classes
    scalars = [[0], [1], [4, 5, 6], [7, 8, 9], [10], [11], [12]]

    def objective(vector):
        pulled = [vector[index[0]] - start[index[0]] for index in scalars]
        return loss_at(vector) + np.sum(np.square(pulled))

    best = objective(found.vector())
    for index in scalars:
        for step in (-0.05, 0.05):
            moved = found.vector()
            moved[index] += step
            assert objective(moved) > best
    assert losses == sorted(losses, reverse=True)
    assert not found.voices.any()
    assert len({*found.length}) == len({*found.document}) == 1


def test_refined_weights_minimise_the_loss_each_held_to_the_staged_one():
    losses = []
    staged = fit_weights(LIKELIHOOD, lambda *_: None)
    found = refine_weights(staged, LIKELIHOOD, lambda weights, loss: losses.append(loss))

    def objective(vector):
        return loss_at(vector) + 2.5 * np.sum((vector - staged.vector()) ** 2)

    best = objective(found.vector())
    for index in range(len(found.vector())):
        for step in (-0.03, 0.03):
            moved = found.vector()
            moved[index] += step
            assert objective(moved) > best
    assert losses == sorted(losses, reverse=True)
    assert found.voices.all()
