import json

import pytest
from tests.contract.ensembles import train, train_all
from tests.contract.programs import files_below, run
from tests.sample import SAMPLE

pytestmark = pytest.mark.slow
KINDS = ("text", "image", "sequence")


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """The same as `plain`, in another place, and with sets and dicts hashed otherwise."""
    return train_all(tmp_path_factory.mktemp("again"), PYTHONHASHSEED="12345")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_files(plain, again, kind):
    assert plain[kind].model == again[kind].model
    assert plain[kind].output == again[kind].output


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_metrics(plain, again, kind):
    assert plain[kind].outcome.out == again[kind].outcome.out


@pytest.mark.parametrize("kind", KINDS)
def test_an_artifact_is_more_than_its_manifest(plain, kind):
    weights = {"text/weights.params", "image/weights.params", "sequence/stages.npz"}
    assert (weights if kind == "sequence" else {"weights.params"}) < set(plain[kind].model)
    assert "manifest.json" in plain[kind].model


@pytest.mark.parametrize("kind", ["text", "image"])
def test_another_seed_gives_other_weights_and_page_outputs(plain, tmp_path, kind):
    trained = train(tmp_path, kind, {"seed": 2})
    assert trained.model["weights.params"] != plain[kind].model["weights.params"]
    outputs = "page_outputs/train.npz"
    assert trained.output[outputs] != plain[kind].output[outputs]


def test_another_seed_gives_other_weights_of_the_sequence_model(plain, tmp_path):
    bases = {kind: plain[kind].folder for kind in ("text", "image")}
    trained = train(tmp_path, "sequence", {**bases, "seed": 2, "compare": False})
    weights = "sequence/stages.npz"
    assert trained.model[weights] != plain["sequence"].model[weights]


def test_how_many_threads_decode_bitmaps_does_not_matter(plain, tmp_path):
    trained = train(tmp_path, "image", {"worker": 1})
    assert trained.model["weights.params"] == plain["image"].model["weights.params"]
    assert trained.output == plain["image"].output


def test_whether_an_earlier_job_decoded_the_bitmaps_does_not_matter(plain, tmp_path):
    cache = {"cache-dir": tmp_path / "cache"}
    first, second = (train(tmp_path / name, "image", cache) for name in ("first", "second"))
    assert "already" not in first.outcome.err
    assert second.outcome.err.count("already") == 2
    for trained in (first, second):
        assert trained.model == plain["image"].model
        assert trained.output == plain["image"].output


def test_no_manifest_knows_when_or_where(plain):
    for kind in KINDS:
        folder = plain[kind].folder
        for manifest in folder.rglob("manifest.json"):
            text = manifest.read_text(encoding="utf-8")
            assert str(folder.parent) not in text
            assert not {"time", "date", "created"} & set(json.loads(text))


def predict(plain, output, **variables):
    arguments = {
        "model": plain["sequence"].folder / "model",
        "input": SAMPLE / "test",
        "output": output,
    }
    outcome = run("predict.py", arguments, **variables)
    assert outcome.status == 0, outcome.err
    return outcome.out, files_below(output)


def test_predictions_repeat(plain, tmp_path):
    first = predict(plain, tmp_path / "first")
    assert first == predict(plain, tmp_path / "second", PYTHONHASHSEED="12345")
    assert set(first[1]) == {
        "pages.jsonl",
        "segments.jsonl",
        "streams.jsonl",
        "page_outputs/text.npz",
        "page_outputs/image.npz",
    }
