import numpy as np
import pytest
from benchmarks.unseen_class import auroc, flagged, opinions, scores, table, without
from tests.sample import SAMPLE

from common.job.tables import TextHyperparameters
from common.pages.channel import read_channel
from common.pages.outputs import OUT_OF_FOLD, page_outputs

SMALL = TextHyperparameters(epochs=8, max_features=2048)


@pytest.fixture(scope="module")
def channels():
    parts = ("train", "validation", "test")
    return {name: read_channel(SAMPLE / name, name=name, labelled=True) for name in parts}


@pytest.fixture(scope="module")
def said(channels):
    return opinions(channels, "invoice", SMALL)


def test_the_class_is_learnt_from_no_channel_and_marked_in_all(channels, said):
    for name, channel in channels.items():
        assert "invoice" not in without(channel, "invoice").classes
        labels = [document.label for document in channel.documents]
        assert said[name].unknown.tolist() == [label == "invoice" for label in labels]
    assert "invoice" not in said["test"].outputs.classes


def test_energy_tells_invoices_from_what_was_learnt(said):
    found = auroc(said, "invoice")
    assert found["energy"] > 0.8
    caught, false_alarms = flagged(said)
    assert 0 <= false_alarms <= caught <= 1


def test_scores_by_hand(channels):
    channel = channels["test"].take(range(2))

    def outputs(probabilities, projection, energy):
        return page_outputs(
            channel,
            kind="text",
            how=OUT_OF_FOLD,
            classes=("x", "y"),
            present=np.ones(2, bool),
            probabilities=np.array(probabilities),
            first_page=np.zeros(2),
            last_page=np.zeros(2),
            embedding=np.zeros((2, 0)),
            descriptors={"projection": np.array(projection), "energy": np.array(energy)},
        )

    reference = outputs([[1, 0], [0, 1]], [[1, 0], [0, 1]], [0, 0])
    found = scores(outputs([[0.75, 0.25], [0, 1]], [[0.6, 0.8], [0.6, 0.8]], [3, 4]), reference)
    np.testing.assert_allclose(found["energy"], [3, 4])
    np.testing.assert_allclose(found["largest probability"], [0.25, 0], atol=1e-6)
    np.testing.assert_allclose(found["entropy"], [0.5623351, 0], atol=1e-6)
    # The nearest page of the predicted class, though one of another class is nearer.
    np.testing.assert_allclose(found["nearest training page"], [0.4, 0.2], atol=1e-6)


@pytest.mark.slow
def test_the_table_has_a_row_for_each_class_and_their_mean(channels):
    rows = [line.strip("| ").split(" | ") for line in table(channels, SMALL)][2:]
    classes = channels["train"].classes
    assert [row[0] for row in rows] == [*classes, "mean"]
    first = [float(row[2]) for row in rows[:-1]]
    assert float(rows[-1][2]) == pytest.approx(np.mean(first), abs=0.01)
