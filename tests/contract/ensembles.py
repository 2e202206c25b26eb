"""The three jobs one after another, on the sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.contract.programs import Outcome, files_below, run
from tests.sample import SAMPLE

# As small as a job can be that still does all that a job does.
SMALL: dict[str, dict[str, int]] = {
    "text": {"epochs": 2, "folds": 2},
    "image": {"epochs": 1, "height": 64, "width": 48, "depth": 3, "folds": 2},
    "sequence": {"epochs": 2},
}
CHANNELS = {name: SAMPLE / name for name in ("train", "validation")}


@dataclass(frozen=True)
class Trained:
    """What one job said and left in `folder`: `model/` and `output/`."""

    folder: Path
    outcome: Outcome

    @property
    def model(self) -> dict[str, str]:
        return files_below(self.folder / "model")

    @property
    def output(self) -> dict[str, str]:
        return files_below(self.folder / "output")


def train(folder: Path, kind: str, arguments: Mapping[str, object], **variables: str) -> Trained:
    """One job as plain python, with small hyperparameters unless `arguments` say otherwise."""
    folders = {"model-dir": folder / "model", "output-data-dir": folder / "output"}
    outcome = run(
        f"train_{kind}.py", {**CHANNELS, **folders, **SMALL[kind], **arguments}, **variables
    )
    assert outcome.status == 0, outcome.err
    return Trained(folder, outcome)


def train_all(root: Path, **variables: str) -> dict[str, Trained]:
    """All three, in `root/text`, `root/image` and `root/sequence`."""
    trained = {kind: train(root / kind, kind, {}, **variables) for kind in ("text", "image")}
    bases = {kind: root / kind for kind in trained}
    trained["sequence"] = train(root / "sequence", "sequence", bases, **variables)
    return trained
