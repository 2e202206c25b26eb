import pytest

from common.job.errors import ClientError
from common.job.hyperparameters import parse
from common.job.tables import TABLES, ImageHyperparameters, TextHyperparameters


def test_the_image_model_keeps_its_ten_names_and_defaults():
    promised = {
        "epochs": 80,
        "batch_size": 10,
        "conv_block_length": 2,
        "cycle_length": 10,
        "depth": 5,
        "dropout": 0.5,
        "max_lr": 0.1,
        "min_lr": 0.0001,
        "start_filter": 4,
        "worker": 4,
    }
    defaults = parse(ImageHyperparameters, {}).model_dump()
    assert {name: defaults[name] for name in promised} == promised


@pytest.mark.parametrize("table", TABLES.values())
def test_defaults_obey_their_own_rules(table):
    defaults = {name: str(field.default) for name, field in table.model_fields.items()}
    assert parse(table, defaults) == table()


@pytest.mark.parametrize("table", TABLES.values())
def test_every_hyperparameter_says_what_it_is(table):
    assert all(field.description for field in table.model_fields.values())


def refusal(table, **values: str) -> str:
    with pytest.raises(ClientError) as caught:
        parse(table, values)
    return str(caught.value)


def test_a_rate_cycle_cannot_be_upside_down():
    assert "min_lr (0.5) must not exceed max_lr (0.1)" in refusal(
        ImageHyperparameters, min_lr="0.5"
    )
    assert parse(ImageHyperparameters, {"min_lr": "0.1"}).min_lr == 0.1


def test_the_map_must_survive_the_poolings():
    too_deep = {"height": "64", "width": "48", "depth": "6"}
    assert "use a depth of at most 5" in refusal(ImageHyperparameters, **too_deep)
    assert parse(ImageHyperparameters, {**too_deep, "depth": "5"}).depth == 5


def test_choices_are_named():
    assert "'encoder' must be one of ngram, cnn, bert. Got 'word2vec'" in refusal(
        TextHyperparameters, encoder="word2vec"
    )


def test_a_momentum_must_be_there_to_be_used():
    assert "nag is sgd" in refusal(ImageHyperparameters, optimizer="nag")
    cyclic = {"cycle_momentum": "true"}
    assert "(0) fall to min_momentum (0.85)" in refusal(ImageHyperparameters, **cyclic)
    for good in ({"momentum": "0.95"}, {"optimizer": "adam"}):
        assert parse(ImageHyperparameters, {**cyclic, **good}).cycle_momentum


def test_what_is_frozen_must_be_there():
    assert "freeze would freeze nothing" in refusal(TextHyperparameters, freeze="true")
    assert "freeze (3) must not exceed depth (2)" in refusal(
        ImageHyperparameters, freeze="3", depth="2"
    )
    for more in ({"hidden": "8"}, {"encoder": "cnn"}, {"encoder": "bert"}):
        assert parse(TextHyperparameters, {"freeze": "true", **more}).freeze
    assert parse(ImageHyperparameters, {"freeze": "5"}).freeze == 5


def test_an_ensemble_of_the_folds_takes_folds():
    values = {"fold_ensemble": "true"}
    assert "folds is 0" in refusal(ImageHyperparameters, **values, folds="0")
    assert parse(ImageHyperparameters, values).fold_ensemble


def test_an_ensemble_of_snapshots_takes_as_many_cycles():
    many = {"snapshot_ensemble": "9"}
    assert "epochs (80) / cycle_length (10) are 8" in refusal(ImageHyperparameters, **many)
    assert parse(ImageHyperparameters, {**many, "epochs": "90"}).snapshot_ensemble == 9
    parse(ImageHyperparameters, {"epochs": "1", "snapshot_ensemble": "1"})
