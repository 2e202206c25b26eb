import json

import numpy as np
import pytest
from tests.labelled import channel_of

from common.pages.evidence import Evidence
from common.pages.examples import Examples
from common.pages.outputs import HELD_OUT, page_outputs
from common.pages.posteriors import Hypothesis, StreamPosteriors
from common.results.acceptance import Acceptance, acceptance_of
from common.results.validation import known_pages_of, score_streams, threshold_for

CLASSES = ("x", "y")
CHANNEL = channel_of([("x", "ab"), ("y", "c")], [("y", "de")])


def posteriors(starts, labels, segment):
    pages = len(starts)
    return StreamPosteriors(
        best=(Hypothesis(np.array(labels), np.array(starts, bool), 0.5),),
        class_probability=np.full((pages, 2), 0.5),
        boundary=np.full(pages, 0.5),
        segment=np.array(segment),
    )


FOUND = [
    posteriors([1, 0, 1], [0, 0, 1], [[0.9, 0], [0, 0.8]]),
    posteriors([1, 1], [1, 0], [[0, 0.7], [0.6, 0]]),  # one document seen as two
]


def test_scores_by_hand():
    found = score_streams(CHANNEL, CLASSES, FOUND)
    assert found["page_accuracy"] == pytest.approx(4 / 5)
    assert found["boundary_f1"] == pytest.approx(2 / 3)  # one right, one too many
    assert found["segment_f1_with_label"] == pytest.approx(2 * 2 / (3 + 4))


def evidence(channel, energies, present=None):
    """Of a text model that has nothing to say but each page's energy."""
    pages = len(channel)
    outputs = page_outputs(
        channel,
        kind="text",
        how=HELD_OUT,
        classes=CLASSES,
        present=np.ones(pages, bool) if present is None else np.array(present, bool),
        probabilities=np.full((pages, 2), 0.5),
        first_page=np.full(pages, 0.5),
        last_page=np.full(pages, 0.5),
        embedding=np.zeros((pages, 0)),
        descriptors={"energy": np.array(energies, np.float32)},
    )
    return Evidence(outputs, None)


def threshold(target, *held_out, **options):
    known = known_pages_of(held_out[0][0])
    return threshold_for(held_out, CLASSES, known, target, **options)


def accept(target, **options):
    examples = Examples(CHANNEL, evidence(CHANNEL, np.zeros(5), **options))
    return threshold(target, (examples, FOUND))


def test_the_threshold_takes_what_is_right_before_what_is_not():
    """Two right ones promise a precision of √0.05."""
    found = accept(0.22)
    assert (found.threshold, found.accepted, found.segments) == (0.8, 2, 4)
    assert accept(0.23).accepted == 0
    assert accept(0.09).accepted == 4


def test_what_may_not_pass_is_no_evidence_for_what_may():
    """Without the second document, of one page that cannot be read, one right one is left."""
    found = accept(0.04, present=[1, 1, 0, 1, 1])
    assert (found.threshold, found.accepted, found.segments) == (0.9, 1, 3)
    assert accept(0.22, present=[1, 1, 0, 1, 1]).accepted == 0


def test_documents_unlike_the_others_are_no_evidence_either():
    """Of 40 documents all are right, and the one with the highest energy may not pass."""
    channel = channel_of([("x", [str(number)]) for number in range(40)])
    said = posteriors([1] * 40, [0] * 40, [[0.9, 0.1]] * 40)
    energies = np.arange(40.0)
    examples = Examples(channel, evidence(channel, energies))
    found = threshold(0.9, (examples, [said]))
    # The 39th of 40 is the smallest that one document in 41 · 0.05 or less goes beyond.
    assert (found.accepted, found.segments) == (39, 39)
    kept = Acceptance(found, known_pages_of(examples))
    assert acceptance_of(json.loads(json.dumps(kept.as_dict()))) == kept


def test_segments_of_several_folds_are_counted_together():
    examples = Examples(CHANNEL, evidence(CHANNEL, np.zeros(5)))
    found = threshold(0.4, *[(examples, FOUND)] * 3, source="cross-validation")
    assert (found.threshold, found.accepted, found.segments) == (0.8, 6, 12)
    assert "6 of 12 segments of cross-validation" in str(found)
