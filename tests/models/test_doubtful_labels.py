import random

import pytest
from tests.labelled import channel_of

from common.models.doubtful_labels import doubtful_labels

WORDS = {
    "invoice": "amount total due payment vat net gross bank",
    "letter": "dear regards sincerely yours thank reply enclosed kind",
    "contract": "party agreement clause hereby terms liability breach notice",
}


def text_of(label, rng):
    """A page of its class, with words that no other page has."""
    own = [f"w{rng.randrange(10**9):x}" for _ in range(30)]
    return " ".join(rng.sample([*own, *(rng.choices(WORDS[label].split(), k=20))], 50))


def labelled(streams, wrong=()):
    """A document of each class in each stream; those at `wrong` (stream, place) have another's."""
    rng = random.Random(3)
    found = []
    for stream in range(streams):
        documents = []
        for place, label in enumerate(WORDS):
            texts = [text_of(label, rng), text_of(label, rng)]
            said = "invoice" if (stream, place) in wrong else label
            documents.append((said, texts))
        found.append(documents)
    return found


@pytest.mark.slow
def test_labels_that_the_text_contradicts_are_found():
    given = labelled(14, wrong=[(2, 1), (5, 2), (13, 2)])
    train, test = channel_of(*given[:12]), channel_of(*given[12:], name="test")
    found = doubtful_labels([train, test])
    places = {(each.channel, each.document.stream, each.first_page) for each in found}
    assert places == {("train", "s3", 3), ("train", "s6", 5), ("test", "s2", 5)}
    for each in found:
        assert each.document.label == "invoice"
        assert each.other == ("letter" if each.first_page == 3 else "contract")
        assert each.last_page == each.first_page + 1
        assert each.probability > 0.5
        assert {word.split()[0] for word in each.words} <= set(WORDS[each.other].split())
    assert [each.odds for each in found] == sorted((each.odds for each in found), reverse=True)


@pytest.mark.slow
def test_copies_of_a_wrong_document_do_not_vouch_for_each_other():
    given, copied = labelled(12), text_of("contract", random.Random(5))
    for documents in given[:5]:
        documents.append(("invoice", [copied]))
    found = doubtful_labels([channel_of(*given)])
    assert [each.other for each in found] == ["contract"] * 5


@pytest.mark.slow
def test_a_class_that_is_met_once_is_not_contradicted():
    given = labelled(12)
    given[4].append(("deed", [text_of("contract", random.Random(7))]))
    assert doubtful_labels([channel_of(*given)]) == []


@pytest.mark.parametrize(
    "given",
    [
        labelled(2),  # fewer than folds
        [[("letter", [f"dear {stream} " * 9])] for stream in range(20)],
        [[(label, ["", ""]) for label in WORDS] for _ in range(20)],  # no text
    ],
)
def test_without_enough_to_learn_from_nothing_is_said(given):
    assert doubtful_labels([channel_of(*given)]) is None
