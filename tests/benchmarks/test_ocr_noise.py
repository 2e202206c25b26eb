import numpy as np
import pytest
from benchmarks.ocr_noise import noise_curve, noised
from sklearn.metrics import f1_score
from tests.sample import SAMPLE

from common.job.tables import TextHyperparameters
from common.models.text import fit_text_model
from common.pages.channel import read_channel
from common.pages.outputs import HELD_OUT
from common.training.run import Run


@pytest.mark.slow
def test_the_curve_starts_at_the_clean_score_and_falls_to_nothing():
    train, validation = (read_channel(SAMPLE / part, labelled=True) for part in ("train", "test"))
    hyperparameters = TextHyperparameters(epochs=8, max_features=2048)
    model, _ = fit_text_model(train, validation, train.classes, hyperparameters, Run())
    clean, little, hopeless = noise_curve(model, validation, (0.0, 0.01, 0.9))
    probabilities = model.outputs(validation, HELD_OUT).probabilities
    predicted = np.array(model.classes)[probabilities.argmax(axis=1)]
    assert clean == f1_score(validation.labels, predicted, average="macro")
    assert clean - 0.1 < little
    assert hopeless < 0.6 * clean


def test_noise_changes_the_text_alone():
    channel = read_channel(SAMPLE / "test", labelled=True)
    noisy = noised(channel, 0.1, seed=1)
    assert noisy.labels == channel.labels
    assert [page.text for page in noisy.pages] != [page.text for page in channel.pages]
    assert noised(channel, 0.1, seed=1).pages == noisy.pages != noised(channel, 0.1, seed=2).pages
