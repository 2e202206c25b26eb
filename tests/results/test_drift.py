import json
import random
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from tests.labelled import channel_of

from common.results.drift import (
    Histogram,
    Shift,
    as_json,
    chance,
    psi,
    reference_from,
    reference_of,
    shifts_of,
)
from common.results.drift_report import in_words, write_drift
from common.results.segments import Segment

CLASSES = ("contract", "invoice", "letter")
SENTENCE = "Der Kaufvertrag ist unterschrieben and the invoice remains to be paid in this month "
NOISE = "Drx Kvufvqrtzag jst unkerschfiebxn qnd thz invoicj remaipx tq bw paiw iy thjs mkntf "


def documents(count, shares, seed, sentence=SENTENCE):
    """As a channel, a stream a document, and its true segments, sure ones of familiar pages."""
    chance = np.random.default_rng(seed)
    words = random.Random(seed)
    labels = chance.choice(CLASSES, count, p=shares)
    texts = [" ".join(words.sample(sentence.split() * 3, 30)) for _ in labels]
    channel = channel_of(*([(label, [text])] for label, text in zip(labels, texts, strict=True)))
    sure, novelty = chance.beta(8, 1, count), chance.uniform(0, 0.99, count)
    segments = [
        Segment(page.stream, 1, 1, 1, page.label, confidence=sure[row], novelty=novelty[row])
        for row, page in enumerate(channel.pages)
    ]
    return channel, segments


@pytest.fixture(scope="module")
def reference():
    channel, segments = documents(400, (0.5, 0.3, 0.2), 1)
    return reference_from(
        json.loads(json.dumps(as_json(reference_of([channel], segments, CLASSES))))
    )


def test_the_index_is_that_worked_by_hand():
    # Smoothed shares .301980, .698020 and .5, .5: .198020 · ln 1.655738 − .198020 · ln .716312
    assert psi((30, 70), (50, 50)) == pytest.approx(0.099854 + 0.066064, abs=1e-5)
    assert 0 < psi((3, 7), (30, 70)) < 0.002  # for the smoothing alone
    assert psi((10, 0), (0, 10)) == pytest.approx(2 * 10 / 11 * np.log(21), abs=1e-9)


def test_one_in_a_hundred_unshifted_samples_goes_beyond_chance():
    rng = np.random.default_rng(5)
    shares = (0.1, 0.2, 0.2, 0.15, 0.35)
    pairs = zip(rng.multinomial(400, shares, 4000), rng.multinomial(150, shares, 4000), strict=True)
    beyond = [psi(training, now) > chance(training, now) for training, now in pairs]
    assert 0.004 < np.mean(beyond) < 0.02


def test_an_unshifted_sample_is_not_called_one(reference):
    found = shifts_of(reference, *documents(200, (0.5, 0.3, 0.2), 2))
    assert {name: shift.verdict for name, shift in found.items()} == dict.fromkeys(
        ("label", "confidence", "novelty", "readability"), "none"
    )
    for shift in found.values():
        assert sum(shift.training.documents) == 400
        assert sum(shift.documents) == 200


def test_what_has_shifted_is_named_and_nothing_else(reference):
    found = shifts_of(reference, *documents(200, (0.2, 0.3, 0.5), 3))
    assert [name for name, shift in found.items() if shift.verdict != "none"] == ["label"]
    assert found["label"].verdict == "large"
    found = shifts_of(reference, *documents(200, (0.5, 0.3, 0.2), 4, sentence=NOISE))
    assert [name for name, shift in found.items() if shift.verdict != "none"] == ["readability"]
    assert found["readability"].documents[0] == 200  # all in the lowest bin
    channel, segments = documents(200, (0.5, 0.3, 0.2), 5)
    doubtful = [
        Segment(each.stream, 1, 1, 1, each.label, confidence=each.confidence**3, novelty=1.0)
        for each in segments
    ]
    found = shifts_of(reference, channel, doubtful)
    assert [name for name, shift in found.items() if shift.verdict == "large"] == [
        "confidence",
        "novelty",
    ]


def test_pages_without_text_have_a_bin_of_their_own(reference):
    channel, segments = documents(100, (0.5, 0.3, 0.2), 6, sentence="7 " * 10)
    shift = shifts_of(reference, channel, segments)["readability"]
    assert shift.training.names[-1] == "no text"
    assert shift.documents[-1] == 100


def test_a_small_batch_says_that_it_is_small(reference):
    found = shifts_of(reference, *documents(12, (0.2, 0.3, 0.5), 7))
    assert found["confidence"].verdict == "too few documents to tell"


@pytest.mark.parametrize(
    ("index", "by_chance", "verdict"),
    [
        (0.3, 0.05, "large"),
        (0.2, 0.05, "moderate"),
        (0.05, 0.02, "none"),
        (0.15, 0.2, "none"),
        (0.3, 0.4, "too few documents to tell"),
        (0.5, 0.4, "large"),
    ],
)
def test_a_shift_is_called_so_beyond_chance_alone(index, by_chance, verdict):
    assert Shift(Histogram(("a",), (), (1,)), (1,), index, by_chance).verdict == verdict


def test_values_lie_in_the_bin_that_begins_with_them():
    bins = Histogram(("< 1", "≥ 1", "≥ 2", "none"), (1.0, 2.0), (0, 0, 0, 0))
    assert bins.of(np.array([0.0, 1.0, 1.5, 2.0, 9.0, np.nan])) == (1, 2, 2, 1)


def test_json_and_picture_tell_the_same(reference, tmp_path):
    shifts = shifts_of(reference, *documents(200, (0.2, 0.3, 0.5), 3))
    write_drift(tmp_path, shifts)
    found = json.loads((tmp_path / "drift.json").read_text())
    assert found["label"]["verdict"] == "large"
    assert sum(each["now"] for each in found["label"]["bins"]) == 200
    assert [each["bin"] for each in found["label"]["bins"]] == list(CLASSES)
    picture = (tmp_path / "drift.svg").read_text()
    ET.fromstring(picture)
    assert f"PSI {found['label']['psi']:.2f}, shift: large" in picture
    assert f"label {found['label']['psi']:.2f} (large)" in in_words(shifts)
