from dataclasses import replace

import numpy as np
import pytest

from common.job.errors import ClientError
from common.pages.outputs import PageOutputs
from common.results.baselines import baseline, mean_of, outputs_of


def make_outputs(first_page, last_page, probabilities, *, present=None, stream=None, **changes):
    pages = len(first_page)
    return PageOutputs(
        kind="text",
        how="held-out",
        classes=("invoice", "letter"),
        stream=np.array(stream or ["a"] * pages),
        page=np.arange(1, pages + 1, dtype=np.int32),
        probabilities=np.array(probabilities, dtype=np.float32),
        first_page=np.array(first_page, dtype=np.float32),
        last_page=np.array(last_page, dtype=np.float32),
        present=np.array(present or [True] * pages),
        embedding=np.zeros((pages, 3), dtype=np.float16),
        **changes,
    )


EVEN = [[0.5, 0.5]]


def first_pages(outputs):
    return [segment.first_page for segment in baseline(outputs).segments]


def test_a_document_starts_where_both_heads_together_say_so():
    # Page 2: logit .6 + logit .3 = .41 − .85 < 0; page 3: logit .4 + logit .8 = −.41 + 1.39 > 0.
    outputs = make_outputs([0.9, 0.6, 0.4], [0.3, 0.8, 0.9], EVEN * 3)
    assert first_pages(outputs) == [1, 3]
    # The mean of their logits as a probability: 1/(1 + e^−.4904).
    logit = (np.log(0.4 / 0.6) + np.log(0.8 / 0.2)) / 2
    assert baseline(outputs).pages[2].first_page == pytest.approx(1 / (1 + np.exp(-logit)))


def test_a_stream_starts_a_document_and_does_not_hear_the_one_before():
    outputs = make_outputs([0.1, 0.1, 0.1], [0.1, 0.1, 0.9], EVEN * 3, stream=["a", "b", "b"])
    found = baseline(outputs)
    spans = [(s.stream, s.document, s.first_page, s.last_page) for s in found.segments]
    assert spans == [("a", 1, 1, 1), ("b", 1, 2, 3)]
    assert found.pages[0].first_page == found.pages[1].first_page == 1


def test_a_page_that_could_not_be_read_has_no_say():
    # Page 2 is unreadable: its .99 does not count, the last-page head of page 1 decides alone.
    outputs = make_outputs([1, 0.99, 0.1], [0.2, 0.99, 1], EVEN * 3, present=[True, False, True])
    assert first_pages(outputs) == [1]
    louder = make_outputs([1, 0.01, 0.1], [0.8, 0.99, 1], EVEN * 3, present=[True, False, True])
    assert first_pages(louder) == [1, 2]


def test_nobody_to_ask_means_no_boundary():
    outputs = make_outputs([1, 1, 1], [1, 1, 1], EVEN * 3, present=[False] * 3)
    assert first_pages(outputs) == [1]


def test_a_certain_head_does_not_overrule_the_other_without_measure():
    outputs = make_outputs([1, 1.0], [0.0, 0], EVEN * 2)
    assert baseline(outputs).pages[1].first_page == pytest.approx(0.5)


def test_the_label_is_that_of_the_mean_log_probability():
    # Means: invoice (ln .9 + ln .2)/2, letter (ln .1 + ln .8)/2: √.18 against √.08.
    # Normalised: √.18 / (√.18 + √.08) = .6.
    outputs = make_outputs([1, 0], [0, 1], [[0.9, 0.1], [0.2, 0.8]])
    found = baseline(outputs)
    (segment,) = found.segments
    assert (segment.label, segment.status) == ("invoice", "review")
    assert segment.confidence == pytest.approx(0.6)
    assert [(a.label, a.confidence) for a in segment.alternatives] == [
        ("letter", pytest.approx(0.4))
    ]
    assert found.pages[1].probabilities == pytest.approx({"invoice": 0.6, "letter": 0.4})
    assert found.pages[1].label == "invoice"


def test_unreadable_pages_do_not_vote_on_the_label():
    outputs = make_outputs([1, 0], [0, 1], [[0.6, 0.4], [0.01, 0.99]], present=[True, False])
    assert baseline(outputs).segments[0].confidence == pytest.approx(0.6)


def test_the_mean_takes_both_where_both_could_read():
    text = make_outputs([0.8, 0.8, 0.8], [0.2, 0.2, 0.2], [[0.9, 0.1]] * 3, present=[1, 1, 0])
    image = make_outputs([0.4, 0.4, 0.4], [0.6, 0.6, 0.6], [[0.5, 0.5]] * 3, present=[1, 0, 0])
    mean = mean_of(replace_present(text), replace_present(image))
    assert mean.first_page.tolist() == pytest.approx([0.6, 0.8, 0.6])
    assert mean.last_page.tolist() == pytest.approx([0.4, 0.2, 0.4])
    assert mean.probabilities[:, 0].tolist() == pytest.approx([0.7, 0.9, 0.7])
    assert mean.present.tolist() == [True, True, False]


def replace_present(outputs):
    return replace(outputs, present=outputs.present.astype(bool))


def test_the_mean_matches_pages_by_key_and_classes_by_name():
    text = make_outputs([1, 0], [0, 1], [[0.8, 0.2], [0.4, 0.6]])
    image = replace(
        make_outputs([0.5, 1], [1, 0.5], [[0.3, 0.7], [0.1, 0.9]]),
        page=np.array([2, 1], dtype=np.int32),
        classes=("letter", "report"),
    )
    mean = mean_of(text, image)
    assert mean.classes == ("invoice", "letter", "report")
    assert mean.keys == [("a", 1), ("a", 2)]
    assert mean.first_page.tolist() == [1, 0.25]
    # Page 1: text .8 .2 0, image 0 .1 .9; page 2: text .4 .6 0, image 0 .3 .7.
    expected = [[0.4, 0.15, 0.45], [0.2, 0.45, 0.35]]
    assert mean.probabilities == pytest.approx(np.array(expected), abs=1e-6)


def test_pages_without_outputs_are_counted():
    outputs = make_outputs([1, 0], [0, 1], EVEN * 2)
    with pytest.raises(ClientError, match="pages without text outputs: 1, the first is page 3"):
        outputs_of([("a", 1), ("a", 3)], outputs)
