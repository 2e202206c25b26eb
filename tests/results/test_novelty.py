import numpy as np
import pytest
from tests.labelled import channel_of

from common.pages.evidence import Evidence
from common.pages.outputs import HELD_OUT, page_outputs
from common.results.novelty import NEVER, blank_pages, familiarity, known_pages


def outputs(kind, energies, present=None, ink=None):
    pages = len(energies)
    channel = channel_of([("x", ["word"] * pages)])
    descriptors = {"energy": np.array(energies, np.float32)}
    if kind == "image":
        ink = np.full(pages, 0.1) if ink is None else np.array(ink)
        descriptors["ink"] = ink[:, None].astype(np.float16)
    return page_outputs(
        channel,
        kind=kind,
        how=HELD_OUT,
        classes=("x", "y"),
        present=np.ones(pages, bool) if present is None else np.array(present, bool),
        probabilities=np.full((pages, 2), 0.5),
        first_page=np.full(pages, 0.5),
        last_page=np.full(pages, 0.5),
        embedding=np.zeros((pages, 0)),
        descriptors=descriptors,
    )


def each(pages):
    """Every page a document."""
    return [range(row, row + 1) for row in range(pages)]


def test_novelty_is_the_share_of_known_pages_that_are_less_unlike():
    known = known_pages(Evidence(outputs("text", np.linspace(0, 10, 1001)), None), each(1001))
    seen = familiarity(known, Evidence(outputs("text", [-3, 0, 2.5, 9.9, 20]), None))
    np.testing.assert_allclose(seen.novelty, [0, 0, 0.25, 0.99, 1], atol=0.01)


def test_models_share_the_say_on_the_pages_that_they_have_read():
    known = known_pages(
        Evidence(outputs("text", np.linspace(0, 1, 101)), outputs("image", np.linspace(5, 6, 101))),
        each(101),
    )
    text = outputs("text", [0.2, 0.2, 0.2, 0.2], present=[1, 1, 0, 0])
    image = outputs("image", [5.6, 5.6, 5.6, 5.6], present=[1, 0, 1, 0])
    seen = familiarity(known, Evidence(text, image))
    np.testing.assert_allclose(seen.novelty, [0.4, 0.2, 0.6, 0], atol=0.01)
    assert seen.blank.tolist() == [False, False, False, True]


@pytest.mark.parametrize("documents", [19, 20, 100])
def test_a_known_document_is_called_unlike_once_in_twenty_times_or_less(documents):
    """Many channels of known documents, and for each one more document from the same source."""
    rng = np.random.default_rng(0)
    false_alarms = []
    for _ in range(1000):
        drawn = rng.normal(size=documents + 1)
        known = known_pages(Evidence(outputs("text", drawn[:-1]), None), each(documents))
        assert known.limit < NEVER
        seen = familiarity(known, Evidence(outputs("text", drawn[-1:]), None))
        false_alarms.append(seen.unlike(range(1)))
    assert 0.02 < np.mean(false_alarms) < 0.065


def test_too_few_documents_set_no_limit():
    known = known_pages(Evidence(outputs("text", np.arange(18.0)), None), each(18))
    assert known.limit == NEVER
    seen = familiarity(known, Evidence(outputs("text", [1e6]), None))
    assert seen.novelty == [1]
    assert seen.may_pass(range(1))


def test_outputs_that_hold_no_energy_make_nothing_unlike():
    older = outputs("text", np.arange(100.0))
    older.descriptors.clear()
    known = known_pages(Evidence(older, None), each(100))
    seen = familiarity(known, Evidence(older, None))
    assert not seen.novelty.any()
    assert seen.may_pass(range(100))


def test_a_documents_novelty_is_the_mean_of_its_pages_that_are_not_blank():
    known = known_pages(Evidence(outputs("text", np.linspace(0, 1, 101)), None), each(101))
    seen = familiarity(known, Evidence(outputs("text", [0.2, 0.4, 0.9], [1, 1, 0]), None))
    assert seen.of_document(range(3)) == pytest.approx(0.3, abs=0.01)
    assert seen.of_document(range(2, 3)) == 0
    assert seen.may_pass(range(2))
    assert not seen.may_pass(range(3))


def test_a_page_is_blank_where_there_is_neither_text_nor_ink():
    image = outputs("image", [0] * 4, present=[1, 1, 0, 1], ink=[0, 0.05, 0.05, 0])
    text = outputs("text", [0] * 4, present=[1, 0, 0, 0])
    assert blank_pages(Evidence(text, image)).tolist() == [False, False, True, True]
    assert blank_pages(Evidence(None, image)).tolist() == [True, False, True, True]
    assert blank_pages(Evidence(text, None)).tolist() == [False, True, True, True]
