import tarfile
from pathlib import Path

import pytest

from common.job.artifact import Manifest, write_artifact
from common.job.errors import ClientError
from common.job.files import sha256_of
from common.job.folders import Folders
from common.job.pretrained import read_pretrained
from common.job.tables import ImageHyperparameters, TextHyperparameters

TABLE = TextHyperparameters(hidden=8)
WEIGHTS = "weights.params"


def write_model(
    folder: Path, table: TextHyperparameters | ImageHyperparameters = TABLE, kind: str = "text"
) -> Path:
    manifest = Manifest(
        kind=kind,
        classes=("x", "y"),
        hyperparameters=table.model_dump(),
        packages={},
        data={},
        metrics={},
        learnt=("a1", "b2"),
    )
    write_artifact(
        folder,
        manifest,
        fill=lambda staging: (staging / WEIGHTS).write_text("weights"),
        check=lambda staging: None,
    )
    return folder


def read(channel: Path | None, table=TABLE, *, kind: str = "text", files: bool = False):
    """With what is in the artifact's weights as the model."""
    channels = {} if channel is None else {"pretrained": channel}
    folders = Folders(Path("m"), Path("o"), channels)
    return read_pretrained(
        folders, table, lambda folder: (folder / WEIGHTS).read_text(), kind=kind, files=files
    )


def refusal(channel: Path | None, table=TABLE, **more) -> str:
    with pytest.raises(ClientError) as caught:
        read(channel, table, **more)
    return str(caught.value)


def test_without_a_channel_there_is_nothing():
    assert read(None) is None
    assert read(None, files=True) is None


@pytest.mark.parametrize("files", [False, True])
@pytest.mark.parametrize("as_archive", [False, True])
def test_an_artifact_is_read_and_told_by_its_manifest(tmp_path, as_archive, files):
    folder = write_model(tmp_path / "model")
    channel = folder
    if as_archive:
        channel = tmp_path / "channel"
        channel.mkdir()
        with tarfile.open(channel / "model.tar.gz", "w:gz") as tar:
            for entry in folder.iterdir():
                tar.add(entry, entry.name)
    found = read(channel, files=files)
    assert found.earlier == "weights"
    assert found.classes == ("x", "y")
    assert found.learnt == ("a1", "b2")
    assert found.fingerprint == sha256_of(folder / "manifest.json")


def test_an_artifact_is_one_though_it_holds_what_a_bert_holds(tmp_path):
    write_model(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    assert read(tmp_path, files=True).earlier == "weights"


def test_other_files_are_for_the_encoder_and_told_by_name_and_content(tmp_path):
    marks = set()
    for name, content in (("a.vec", "x 1"), ("a.vec", "x 2"), ("b.vec", "x 2")):
        folder = tmp_path / str(len(marks))
        folder.mkdir()
        (folder / name).write_text(content)
        found = read(folder, files=True)
        assert (found.earlier, found.folder, found.learnt) == (None, folder, ())
        assert read(folder, files=True).fingerprint == found.fingerprint
        marks.add(found.fingerprint)
    assert len(marks) == 3


@pytest.mark.parametrize(("kind", "table"), [("text", TABLE), ("image", ImageHyperparameters())])
def test_a_channel_with_nothing_to_start_from_is_refused(tmp_path, kind, table):
    (tmp_path / "german.vec").write_text("der 1 2")
    message = refusal(tmp_path, table, kind=kind)
    assert f"channel 'pretrained': {tmp_path} holds no artifact (found: german.vec)" in message
    assert "It takes the artifact of " in message
    assert f"{kind}/ of an ensemble" in message
    (tmp_path / "german.vec").unlink()
    assert "(found: nothing)" in refusal(tmp_path, table, kind=kind)


@pytest.mark.parametrize("other", ["image", "ensemble"])
def test_an_artifact_of_another_kind_is_refused(tmp_path, other):
    message = refusal(write_model(tmp_path / "m", kind=other))
    assert f"channel 'pretrained': {tmp_path}/m: holds a '{other}' artifact" in message
    assert "expected 'text'. It takes the artifact of a text model: the model folder" in message


def test_a_damaged_artifact_is_refused(tmp_path):
    (write_model(tmp_path) / WEIGHTS).write_text("others")
    assert f"channel 'pretrained': {tmp_path}/{WEIGHTS} is not what" in refusal(tmp_path)


def test_every_size_that_differs_is_told_with_both_values(tmp_path):
    write_model(tmp_path, ImageHyperparameters(depth=4, start_filter=8, dropout=0.1), "image")
    table = ImageHyperparameters(depth=3, width=96, epochs=3)
    message = refusal(tmp_path, table, kind="image")
    for told in (
        "width is 96, and 192 in the artifact of the channel 'pretrained'",
        "depth is 3, and 4 in",
        "start_filter is 4, and 8 in",
        "Set the artifact's values, or start without the channel. (1 of 3 problems)",
    ):
        assert told in message
    assert "dropout" not in message
    assert "epochs" not in message


@pytest.mark.parametrize(
    ("earlier", "table", "told"),
    [
        ({"encoder": "cnn"}, {}, "encoder is ngram, and cnn in"),
        ({"hidden": 4}, {"hidden": 8}, "hidden is 8, and 4 in"),
        ({"encoder": "cnn"}, {"encoder": "cnn", "embedding": 9}, "embedding is 9, and 48 in"),
        ({"encoder": "cnn"}, {"encoder": "cnn", "filters": 9}, "filters is 9, and 64 in"),
    ],
)
def test_sizes_of_the_encoders(tmp_path, earlier, table, told):
    write_model(tmp_path, TextHyperparameters(**earlier))
    assert told in refusal(tmp_path, TextHyperparameters(**table), files=True)


@pytest.mark.parametrize(
    "free", [{"max_features": 64}, {"max_tokens": 9}, {"epochs": 3}, {"filters": 9}, {"seed": 3}]
)
def test_other_hyperparameters_are_free(tmp_path, free):
    write_model(tmp_path)
    assert read(tmp_path, TABLE.model_copy(update=free)).earlier == "weights"


def test_freezing_takes_an_artifact(tmp_path):
    frozen = TABLE.model_copy(update={"freeze": True})
    assert "freeze keeps what an earlier artifact has learnt" in refusal(None, frozen)
    (tmp_path / "a.vec").write_text("der 1 2")
    assert "there is none in the channel 'pretrained'" in refusal(tmp_path, frozen, files=True)
    (tmp_path / "a.vec").unlink()
    assert read(write_model(tmp_path), frozen).earlier == "weights"
    image = ImageHyperparameters(freeze=1)
    assert "Add one, or leave freeze out." in refusal(None, image, kind="image")
