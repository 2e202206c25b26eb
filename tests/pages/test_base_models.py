"""What the sequence job does where a base model said nothing of its training pages."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from tests.labelled import channel_of
from tests.pages.test_outputs import outputs_of

from common.job.artifact import Manifest, write_artifact
from common.job.errors import ClientError
from common.job.folders import Folders
from common.pages.base_models import read_base_models
from common.pages.outputs import HELD_OUT, OUT_OF_FOLD, write_page_outputs
from common.pages.training_channels import TrainingChannels

STREAM = [("x", ["a", "b"]), ("y", ["c"])]


def channels_with(streams):
    train = channel_of(STREAM, STREAM, name="train")
    validation = channel_of(*[STREAM] * streams, name="validation")
    return TrainingChannels(train, validation, None, ("x", "y"))


def job(folder, channels, *, silent):
    """What a base job left; `silent`: it said nothing of train."""
    manifest = Manifest(
        kind="text",
        classes=("x", "y"),
        hyperparameters={},
        packages={},
        data=channels.fingerprints(),
        metrics={},
    )
    write_artifact(
        folder / "model",
        manifest,
        fill=lambda staging: (staging / "weights").write_text("w"),
        check=lambda staging: None,
    )
    said = [(channels.validation, HELD_OUT)]
    if not silent:
        said.append((channels.train, OUT_OF_FOLD))
    for channel, how in said:
        outputs = replace(outputs_of(channel, how=how), kind="text")
        write_page_outputs(folder / "output/page_outputs" / f"{channel.name}.npz", outputs)
    return Folders(model=Path(), output_data=Path(), channels={"text": folder})


def test_train_is_learnt_from_and_validation_chooses(tmp_path):
    channels = channels_with(2)
    bases = read_base_models(job(tmp_path, channels, silent=False), channels, tmp_path / "s")
    assert bases.train.channel == channels.train
    assert bases.validation.channel == channels.validation


def test_test_is_read_where_the_base_models_spoke_of_it(tmp_path, caplog):
    channels = channels_with(2)
    test = channel_of(STREAM, name="test")
    with_test = replace(channels, test=test)
    folders = job(tmp_path, channels, silent=False)
    assert read_base_models(folders, channels, tmp_path / "a").test is None
    with caplog.at_level(logging.WARNING):
        assert read_base_models(folders, with_test, tmp_path / "b").test is None
    assert "channel 'test' is not looked at: the base models (text)" in caplog.text
    outputs = replace(outputs_of(test, how=HELD_OUT), kind="text")
    write_page_outputs(tmp_path / "output/page_outputs/test.npz", outputs)
    found = read_base_models(folders, with_test, tmp_path / "c").test
    assert found.channel == test
    assert found.evidence.text.keys == test.keys


def test_without_outputs_of_train_validation_is_halved_by_stream(tmp_path, caplog):
    channels = channels_with(5)
    with caplog.at_level(logging.WARNING):
        bases = read_base_models(job(tmp_path, channels, silent=True), channels, tmp_path / "s")
    learnt, chosen = (
        {page.stream for page in part.channel.pages} for part in (bases.train, bases.validation)
    )
    assert (learnt, chosen) == ({"s1", "s3", "s5"}, {"s2", "s4"})
    for part in (bases.train, bases.validation):
        assert part.evidence.text.keys == part.channel.keys
    assert "text: folds 0" in caplog.text


def test_too_few_streams_to_halve_are_refused(tmp_path):
    channels = channels_with(3)
    with pytest.raises(ClientError, match=r"folds 0.*3 streams are too few"):
        read_base_models(job(tmp_path, channels, silent=True), channels, tmp_path / "s")
