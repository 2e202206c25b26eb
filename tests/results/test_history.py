import json

import pytest

from common.job.errors import ClientError
from common.results.history import read_histories, read_history

HISTORY = {
    "epochs": [
        {"epoch": 1, "train_loss": 2.0},
        {"epoch": 2, "train_loss": 1.0, "validation_accuracy": 0.5},
        {"epoch": 3, "train_loss": None, "validation_accuracy": 0.75},
    ],
    "learning_rate": [[0.0, 0.1], [1.5, 0.2]],
}


def test_a_series_holds_the_epochs_that_have_the_figure(tmp_path):
    file = tmp_path / "history.json"
    file.write_text(json.dumps(HISTORY))
    history = read_history(file)
    assert history.series("train_loss") == [(1, 2.0), (2, 1.0)]
    assert history.series("validation_accuracy") == [(2, 0.5), (3, 0.75)]
    assert history.names == ["train_loss", "validation_accuracy"]
    assert history.learning_rate == [(0.0, 0.1), (1.5, 0.2)]


def test_models_without_a_history_are_left_out(tmp_path):
    for model in ("sequence", "text"):
        (tmp_path / model).mkdir()
        (tmp_path / model / "history.json").write_text(json.dumps(HISTORY))
    assert list(read_histories(tmp_path)) == ["text", "sequence"]


def test_a_broken_history_is_named(tmp_path):
    file = tmp_path / "history.json"
    file.write_text('{"epochs": [{"epoch": 1, "train_loss": "low"}]}')
    with pytest.raises(ClientError, match=r"history\.json, field 'epochs\.0\.train_loss'"):
        read_history(file)


def test_a_model_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ClientError, match=r"no model folder .*nowhere"):
        read_histories(tmp_path / "nowhere")
