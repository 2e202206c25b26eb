import numpy as np
from tests.models.test_sequence import CHAIN, CLASSES, examples

from common.models.cross_validation import cross_validate, held_out_once
from common.pages.examples import together


def test_every_document_is_held_out_once_each_time_and_whole():
    known = examples(1)
    system = CHAIN.model_copy(update={"epochs": 1})
    rated = []

    def score(channel, posteriors):
        rated.append(
            [
                (name, len(found.labels))
                for name, found in zip(
                    [channel.pages[rows.start].stream for rows in channel.streams],
                    posteriors,
                    strict=True,
                )
            ]
        )
        return {"segment_f1_with_label": 0.0}

    rounds = list(
        cross_validate(known, CLASSES, {"chain": system}, score=score, folds=3, times=2, seed=1)
    )
    assert len(rounds) == 3
    for time in range(2):
        held_out = [one.held_out[time] for one in rounds]
        texts = [page.text for part in held_out for page in part.channel.pages]
        assert sorted(texts) == sorted(page.text for page in known.channel.pages)
        documents = [document for part in held_out for document in part.channel.documents]
        assert len(documents) == len(known.channel.documents)
    of_validation = [
        [(one.channel.pages[rows.start].stream, len(rows)) for rows in one.channel.streams]
        for one in (each.validation for each in rounds)
    ]
    assert all(one in rated for one in of_validation)  # epochs are chosen on validation
    assert all(one in of_validation for one in rated)  # and on nothing else
    for one in rounds:
        seen = {page.text for page in one.validation.channel.pages}
        assert seen.isdisjoint(page.text for page in one.held_out[0].channel.pages)
        for part, posteriors in zip(one.held_out, one.of_held_out["chain"], strict=True):
            assert part.evidence.image.keys == part.channel.keys
            assert [len(found.labels) for found in posteriors] == list(
                map(len, part.channel.streams)
            )


def test_each_document_is_held_out_once_in_all_for_the_threshold():
    """Of both channels together; a document that came twice would count as evidence twice."""
    known = examples(1)
    half = known.channel.streams[8].start
    parts = [known.take(rows) for rows in np.split(np.arange(len(known.channel)), [half])]
    system = CHAIN.model_copy(update={"epochs": 1, "folds": 3})
    held_out = list(
        held_out_once(
            together(*parts), CLASSES, system, score=lambda *_: {"segment_f1_with_label": 0.0}
        )
    )
    assert len(held_out) == 3
    texts = [page.text for part, _ in held_out for page in part.channel.pages]
    assert sorted(texts) == sorted(page.text for page in known.channel.pages)
    for part, posteriors in held_out:
        assert [len(found.labels) for found in posteriors] == list(map(len, part.channel.streams))


def test_two_channels_together_are_all_pages_with_their_evidence():
    known = examples(1)
    halves = np.split(np.arange(len(known.channel)), [known.channel.streams[8].start])
    both = together(*(known.take(rows) for rows in halves))
    assert both.channel == known.channel
    np.testing.assert_array_equal(both.evidence.image.embedding, known.evidence.image.embedding)


def test_evidence_goes_with_its_page():
    known = examples(1)
    first = known.evidence.image.probabilities
    by_text = dict(zip((page.text for page in known.channel.pages), first.tolist(), strict=True))
    system = CHAIN.model_copy(update={"epochs": 1})
    (one, *_) = cross_validate(
        known, CLASSES, {"chain": system}, score=lambda *_: {}, folds=2, times=1, seed=1
    )
    held_out = one.held_out[0]
    last_pages = [document.rows[-1] for document in held_out.channel.documents]
    there = held_out.evidence.image.probabilities[last_pages]
    expected = [by_text[held_out.channel.pages[row].text] for row in last_pages]
    np.testing.assert_array_equal(there, np.array(expected, dtype=np.float32))
