"""An artifact in the channel `pretrained`, through the training programs."""

import json
import tarfile

import mxnet as mx
import pytest
from tests.builders import make_channel
from tests.contract.programs import files_below, run_here

from common.job.files import sha256_of
from common.pages.channel import read_channel

pytestmark = pytest.mark.slow

SMALL = {
    "text": {"epochs": 2, "folds": 2},
    "image": {"epochs": 1, "height": 32, "width": 24, "depth": 2, "folds": 2},
}


def train(folder, kind, arguments):
    """Files of the artifact and of the output."""
    places = {"model-dir": folder / "model", "output-data-dir": folder / "output"}
    outcome = run_here(f"train_{kind}.py", {**places, **SMALL[kind], **arguments})
    assert outcome.status == 0, outcome.err
    return files_below(folder / "model"), files_below(folder / "output")


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    """Of each kind a job's folder; the image model's is of two cycles' networks."""
    root = tmp_path_factory.mktemp("earlier")
    channels = channels_in(root, "abc", "z", first_bitmap=0)
    cycles = {"epochs": 4, "cycle_length": 2, "snapshot_ensemble": 2}
    for kind, more in (("text", {}), ("image", cycles)):
        train(root / kind, kind, {**channels, "folds": 0, **more})
    return root


def channels_in(root, train_streams, validation_streams, *, first_bitmap):
    learn = make_channel(root / "train", *train_streams, first_bitmap=first_bitmap)
    others = first_bitmap + len(learn)
    make_channel(root / "validation", *validation_streams, first_bitmap=others)
    return {name: root / name for name in ("train", "validation")}


def manifest_of(folder):
    return json.loads((folder / "model/manifest.json").read_text(encoding="utf-8"))


def streams_of(folder, kind):
    return set(read_channel(folder).stream_fingerprints(kind).values())


@pytest.mark.parametrize("kind", ["text", "image"])
def test_a_job_goes_on_from_an_earlier_jobs_artifact(earlier, tmp_path, kind):
    """From folders and from the archive alike, and the manifest tells from what."""
    archive = tmp_path / "channel/job-1/output/model.tar.gz"
    archive.parent.mkdir(parents=True)
    with tarfile.open(archive, "w:gz") as tar:
        for entry in sorted((earlier / kind / "model").iterdir()):
            tar.add(entry, entry.name)
    channels = channels_in(tmp_path, "defg", "y", first_bitmap=1000)
    going_on, unpacked, anew = (
        train(tmp_path / name, kind, {**channels, **more})
        for name, more in (
            ("going-on", {"pretrained": earlier / kind}),
            ("unpacked", {"pretrained": tmp_path / "channel"}),
            ("anew", {}),
        )
    )
    assert going_on == unpacked
    assert going_on[0]["weights.params"] != anew[0]["weights.params"]
    for name in ("train", "validation"):
        outputs = f"page_outputs/{name}.npz"
        assert going_on[1][outputs] != anew[1][outputs]

    manifest, of_anew = (manifest_of(tmp_path / name) for name in ("going-on", "anew"))
    learnt = [streams_of(root / "train", kind) for root in (earlier, tmp_path)]
    assert set(manifest["learnt"]) == learnt[0] | learnt[1] != learnt[1]
    assert set(of_anew["learnt"]) == learnt[1]
    assert manifest["pretrained"] == sha256_of(earlier / kind / "model/manifest.json")
    assert of_anew["pretrained"] is None


def test_of_snapshots_the_last_cycles_network_is_gone_on_from(earlier, tmp_path):
    """Its pages may be learnt again, since there are no folds."""
    frozen = {"freeze": SMALL["image"]["depth"], "folds": 0}
    channels = {name: earlier / name for name in ("train", "validation")}
    train(tmp_path, "image", {**channels, **frozen, "pretrained": earlier / "image"})
    last, before, going_on = (
        mx.nd.load(str(file))
        for file in (
            earlier / "image/model/weights.params",
            earlier / "image/model/weights-2.params",
            tmp_path / "model/weights.params",
        )
    )
    trunk = [name for name in last if not name.startswith("heads")]
    assert len(trunk) == 2 * 2 * 5  # blocks, convolutions, a weight and its norm's four
    for name in trunk:
        assert (going_on[name] == last[name]).min().asscalar() == 1
    assert any((before[name] != last[name]).max().asscalar() for name in trunk)


def test_a_range_test_begins_there_too(earlier, tmp_path):
    channels = {name: earlier / name for name in ("train", "validation")}
    told = set()
    for name, more in (("anew", {}), ("going-on", {"pretrained": earlier / "image"})):
        arguments = {**channels, **more, "lr_range_test": "true"}
        told.add(train(tmp_path / name, "image", arguments)[1]["lr_range_test.json"])
    assert len(told) == 2
