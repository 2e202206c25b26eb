"""train_sequence.py with `threshold_from=cross-validation`: what the threshold rests on."""

from types import SimpleNamespace

import numpy as np
import pytest
from tests.models.test_sequence import CLASSES, SEGMENTAL, examples

import train_sequence
from common.models import cross_validation
from common.pages.posteriors import Hypothesis, StreamPosteriors
from common.pages.targets import targets_of

HYPERPARAMETERS = SEGMENTAL.model_copy(
    update={"folds": 3, "target_precision": 0.9, "threshold_from": "cross-validation"}
)


def names_of(evidence):
    """Of each page one that no other has, wherever it comes to lie."""
    return [embedding.tobytes() for embedding in evidence.image.embedding]


class Oracle:
    """Sure of everything, and right about the documents of some pages alone."""

    classes = CLASSES

    def __init__(self, everything, right_about):
        targets = targets_of(everything.channel, CLASSES)
        names = names_of(everything.evidence)
        self.truth = dict(
            zip(names, zip(targets.label, targets.first_page, strict=True), strict=True)
        )
        self.right_about = right_about

    def posteriors(self, evidence, streams):
        return [self._said([names_of(evidence)[row] for row in rows]) for rows in streams]

    def _said(self, names):
        label = np.array([self.truth[name][0] for name in names])
        wrong = np.array([name not in self.right_about for name in names])
        labels = (label + wrong) % len(CLASSES)
        starts = np.array([bool(self.truth[name][1]) for name in names])
        sure = 0.98 * np.eye(len(CLASSES))[labels] + 0.02 / len(CLASSES)
        return StreamPosteriors(
            (Hypothesis(labels, starts, 0.9),), sure, starts * 0.99, sure[starts]
        )


@pytest.fixture
def decide(monkeypatch):
    """The threshold, where each fold's model is right about what it has seen, or about the rest."""

    def by(right_about_what_it_has_seen):
        everything = examples(1)
        half = everything.channel.streams[8].start
        parts = np.split(np.arange(len(everything.channel)), [half])
        train, validation = (everything.take(rows) for rows in parts)

        def fit(train, validation, *_, **__):
            seen = {*names_of(train.evidence), *names_of(validation.evidence)}
            rest = set(names_of(everything.evidence)) - seen
            right_about = seen if right_about_what_it_has_seen else rest
            return Oracle(everything, right_about), None

        monkeypatch.setattr(cross_validation, "fit_sequence_model", fit)
        bases = SimpleNamespace(train=train, validation=validation)
        kept = Oracle(everything, set(names_of(train.evidence)))
        held_out = train_sequence.judged_unseen(bases, kept, HYPERPARAMETERS)
        decision = train_sequence.decide(bases, held_out, kept, HYPERPARAMETERS)
        return decision.threshold, len(everything.channel.documents)

    return by


def test_what_a_model_has_learnt_is_no_evidence_for_it(decide):
    threshold, _ = decide(right_about_what_it_has_seen=True)
    assert threshold.accepted == 0
    assert "nothing is accepted" in str(threshold)


def test_it_rests_on_all_documents_each_held_out_and_says_on_how_many(decide):
    threshold, documents = decide(right_about_what_it_has_seen=False)
    assert threshold.source == "cross-validation"
    assert threshold.accepted == threshold.segments
    # But for those that look like nothing known, which may never pass.
    assert 0.9 * documents < threshold.segments <= documents
    said = f"{threshold.segments} of {threshold.segments} segments of cross-validation"
    assert said in str(threshold)
