"""Out of fold, from end to end: what a base job says of train shows nothing learnt by heart."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.contract.programs import run

from common.models.artifacts import load_image
from common.pages.bitmaps import BitmapCache
from common.pages.channel import read_channel
from common.pages.folds import assign_folds
from common.pages.outputs import HELD_OUT, read_page_outputs

pytestmark = pytest.mark.slow

CLASSES = ("x", "y", "z")
SETTINGS = {
    "text": {"epochs": 30, "noise": 0, "dropout": 0},
    "image": {"epochs": 20, "height": 32, "width": 32, "depth": 2, "augmentation": 0, "dropout": 0},
}


def random_channel(folder, documents, seed):
    """Labels that nothing on the page tells, and pages that are easily learnt by heart."""
    rng = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True)
    records = []
    for number in range(documents):
        label = str(rng.choice(CLASSES))
        words = ["".join(rng.choice(list("abcdefgh"), 4)) for _ in range(12)]
        bitmap = np.kron(rng.integers(0, 2, (4, 4)), np.ones((8, 8))) * 255
        for page in (1, 2):
            image = f"images/{number}-{page}.png"
            Image.fromarray(bitmap.astype(np.uint8)).save(folder / image)
            records.append(
                {
                    "stream": f"{folder.name}-{number}",
                    "page": page,
                    "document": str(number),
                    "label": label,
                    "text": " ".join(rng.permutation(words)),
                    "image": image,
                }
            )
    (folder / "pages.jsonl").write_text("\n".join(map(json.dumps, records)))
    return folder


@pytest.mark.parametrize("kind", SETTINGS)
def test_random_labels_are_not_known_of_training_pages(tmp_path, kind):
    folders = {
        "train": random_channel(tmp_path / "train", 60, 1),
        "validation": random_channel(tmp_path / "validation", 12, 2),
        "model-dir": tmp_path / "model",
        "output-data-dir": tmp_path / "output",
    }
    done = run(f"train_{kind}.py", {**folders, "folds": 3, **SETTINGS[kind]})
    assert done.status == 0, done.err
    outputs = read_page_outputs(tmp_path / "output/page_outputs/train.npz")
    truth = read_channel(tmp_path / "train").labels
    said = [outputs.classes[index] for index in outputs.probabilities.argmax(axis=1)]
    right = np.mean(np.array(said) == truth)
    assert right < 0.6  # of three classes; a model that has seen the page knows nearly all


def test_an_ensemble_of_the_folds_has_the_networks_that_spoke_out_of_fold(tmp_path):
    train = random_channel(tmp_path / "train", 12, 1)
    folders = {
        "train": train,
        "validation": random_channel(tmp_path / "validation", 6, 2),
        "model-dir": tmp_path / "model",
        "output-data-dir": tmp_path / "output",
    }
    settings = {**SETTINGS["image"], "epochs": 3, "folds": 2, "fold_ensemble": True}
    done = run("train_image.py", {**folders, **settings})
    assert done.status == 0, done.err
    model, channel = load_image(tmp_path / "model"), read_channel(train)
    assert len(model.nets) == 3
    fold = assign_folds(channel, 2, model.hyperparameters.seed)
    said = read_page_outputs(tmp_path / "output/page_outputs/train.npz").first_page
    with BitmapCache(32, 32, 1) as bitmaps:
        bitmaps.add(channel)
        for number, net in enumerate(model.nets[1:]):
            alone = replace(model, nets=(net,)).outputs(channel, HELD_OUT, bitmaps).first_page
            np.testing.assert_array_equal(alone[fold == number], said[fold == number])
            assert not np.allclose(alone[fold != number], said[fold != number], atol=1e-4)
