from dataclasses import replace

import numpy as np
import pytest
from tests.labelled import channel_of

from common.pages.bitmap_descriptor import describe_bitmaps
from common.pages.evidence import Evidence, stream_features
from common.pages.ngrams import count_matrix
from common.pages.outputs import HELD_OUT, page_outputs
from common.pages.text_descriptor import describe_texts, inverse_document_frequency

TEXTS = [
    "ACME Bank\nloan agreement\nPage 1 of 2",
    "ACME Bank\nloan terms\nPage 2 of 2",
    "Dear Sir\nyours sincerely",
    "",
]


def evidence(text=True, image=True):
    channel = channel_of([("x", TEXTS)])
    rng = np.random.default_rng(0)
    common = {
        "how": HELD_OUT,
        "classes": ("x", "y", "z"),
        "first_page": rng.random(4),
        "last_page": rng.random(4),
        "embedding": rng.random((4, 5)),
        "probabilities": rng.dirichlet(np.ones(3), 4),
    }
    idf = inverse_document_frequency(count_matrix(TEXTS))
    bitmaps = rng.integers(0, 256, (4, 48, 36)).astype(np.uint8)
    present = np.array([True, True, True, False])
    of_text = page_outputs(
        channel, kind="text", present=present, descriptors=describe_texts(TEXTS, idf), **common
    )
    of_image = page_outputs(
        channel,
        kind="image",
        present=np.ones(4, bool),
        descriptors={**describe_bitmaps(bitmaps), "aspect": np.array([0.35, 0.35, 0.26, 0.26])},
        **common,
    )
    return Evidence(of_text if text else None, of_image if image else None)


def test_features_follow_the_order_of_the_rows():
    """A page's own features go with it; those of the pair depend on the page before."""
    there = stream_features(evidence(), np.array([0, 1, 2])).features
    anew = stream_features(evidence(), np.array([1, 2, 0])).features
    np.testing.assert_array_equal(there[2], anew[1])  # page 2 after page 1, both times
    assert not np.array_equal(there[1], anew[0])  # page 1, with and without a page before


def test_a_stream_of_one_page_has_features():
    one = stream_features(evidence(), np.array([2]))
    assert one.features.shape[0] == 1
    assert np.isfinite(one.features).all()
    assert one.class_votes.shape == (2, 1, 3)


def test_numbers_that_go_on_and_lines_that_recur_are_seen():
    alone = Evidence(evidence().text, None)
    along, anew = (stream_features(alone, np.array(rows)).features[1] for rows in ([0, 1], [1, 0]))
    changed = np.flatnonzero(along != anew)
    assert len(changed)
    width = stream_features(alone, np.array([0, 1])).features.shape[1]
    assert width < stream_features(evidence(), np.array([0, 1])).features.shape[1]


def test_what_text_says_of_two_neighbours_by_hand():
    """Page 1 of 2, page 2 of 2, page 1 of 3, and again page 1 of 3."""
    text = evidence().text
    descriptors = {
        "number": np.array([[1, 2, 2], [2, 2, 2], [1, 3, 2], [1, 3, 2]], np.int16),
        "head": np.array([[5, 6], [5, 6], [6, 5], [6, 0]], np.uint32),
        "foot": np.array([[7, 0], [7, 0], [7, 8], [9, 8]], np.uint32),
        "projection": np.array([[1, 0], [0.6, 0.8], [0, 1], [0, -1]], np.float16),
        "rare": np.array([[2, 3, 5, 7], [1, 3, 7, -1], [-1] * 4, [-1] * 4], np.int32),
        "form": np.array([[0, 1], [0.5, 0], [0.5, 0], [0, 0]], np.float16),
    }
    probabilities = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0.36, 0.64]], np.float32)
    known = replace(
        text, present=np.ones(4, bool), descriptors=descriptors, probabilities=probabilities
    )
    found = stream_features(Evidence(known, None), np.arange(4)).features[:, -13:]
    expected = [
        [0] * 13,
        [1, 1, 0, 0, 0, 1, 0, 1, 0.5, 0.6, 2 / 3, 0.75, 0],
        [1, 0, 1, 1, 1, 0, 1, 0, 0.5, 0.8, 0, 0, 1],
        [1, 0, 1, 1, 0, 1, 0, 0.5, 0.5, -1, 0, 0.25, np.sqrt((0.4**2 + 0.8**2) / 2)],
    ]
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_what_bitmaps_say_of_two_neighbours_by_hand():
    image = evidence().image
    descriptors = {
        "thumbnail": np.array([[[0, 9]], [[0, 200]], [[5, 0]], [[7, 7]]], np.uint8),
        "margins": np.array([[0, 0], [0.5, 0.25], [0.5, 0.25], [0, 0.25]], np.float16),
        "ink": np.array([[0.5], [0.25], [0.25], [1]], np.float16),
        "aspect": np.array([0.35, 0.32, 0.26, 0.26], np.float16),
    }
    known = replace(
        image,
        descriptors=descriptors,
        probabilities=np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]], np.float32),
    )
    found = stream_features(Evidence(None, known), np.arange(4)).features[:, -6:]
    expected = [
        [0] * 6,
        [0, 1, 1, 0.375, 0.25, 0],
        [1, 0, -1, 0, 0, 1],
        [0, 1, 0, 0.25, 0.75, 0],  # a thumbnail of one grey is like none
    ]
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_one_format_in_all_of_a_stream_says_nothing():
    """Neither that of pages that are there, nor 0 of a page that is not."""
    image = evidence(text=False).image
    present = np.array([True, True, False, True])

    def told(*aspect):
        descriptors = {**image.descriptors, "aspect": np.array(aspect, np.float16)}
        known = replace(image, present=present, descriptors=descriptors)
        return stream_features(Evidence(None, known), np.arange(4)).features[:, -6:-4].tolist()

    assert told(0.35, 0.31, 0, 0.35) == [[0, 0]] * 4
    assert told(0.35, 0.35, 0, 0.26) == [[0, 0], [0, 1], [0, 0], [0, 0]]
    assert told(0.35, 0.26, 0, 0.26) == [[0, 0], [1, 0], [0, 0], [0, 0]]


def test_embeddings_of_other_models_change_nothing():
    """The axes of an embedding are its model's own, and pages of other folds have other models."""
    known, rows = evidence(), np.arange(4)
    turned = [
        replace(outputs, embedding=outputs.embedding[:, ::-1] * np.array([[1], [-1], [1], [-1]]))
        for outputs in (known.text, known.image)
    ]
    np.testing.assert_array_equal(
        stream_features(known, rows).features, stream_features(Evidence(*turned), rows).features
    )


@pytest.mark.parametrize("modality", [0, 1])
def test_what_is_withheld_leaves_no_trace(modality):
    """Whatever the outputs of a withheld modality are, the features are the same."""
    known = evidence()
    withheld = np.zeros((2, 4), bool)
    withheld[modality] = True
    kind = ("text", "image")[modality]
    outputs = getattr(known, kind)
    changed = replace(
        outputs,
        probabilities=outputs.probabilities[::-1].copy(),
        first_page=1 - outputs.first_page,
        descriptors={name: array[::-1].copy() for name, array in outputs.descriptors.items()},
    )
    rows = np.arange(4)
    one = stream_features(known, rows, withheld)
    other = stream_features(replace(known, **{kind: changed}), rows, withheld)
    np.testing.assert_array_equal(one.features, other.features)
    np.testing.assert_array_equal(one.class_votes, other.class_votes)
    assert not one.class_votes[modality].any()
    assert not one.boundary_votes[modality].any()


def test_an_absent_page_equals_a_withheld_one():
    known, rows = evidence(image=False), np.arange(4)
    outputs = known.text
    absent = Evidence(replace(outputs, present=np.array([True, False, True, False])), None)
    withheld = np.array([[False, True, False, False]])
    np.testing.assert_array_equal(
        stream_features(absent, rows).features, stream_features(known, rows, withheld).features
    )
