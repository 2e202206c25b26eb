"""What training left behind: `history.json`, the curve of every figure it watched."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from common.job.artifact import HISTORY
from common.job.errors import ClientError

MODELS = ("text", "image", "sequence")  # folders of an ensemble artifact, in order of training


class History(BaseModel):
    """Figures by epoch, and the learning rate by fractions of one.

    Every entry of `epochs` has its number under `epoch`; other keys, such as `train_loss` or
    `validation_accuracy`, may come and go.
    """

    model_config = ConfigDict(frozen=True)

    epochs: list[dict[str, float | None]]
    learning_rate: list[tuple[float, float]] = []

    def series(self, name: str) -> list[tuple[float, float]]:
        """(epoch, value) wherever the figure was written down."""
        points = [(entry.get("epoch"), entry.get(name)) for entry in self.epochs]
        return [
            (epoch, value) for epoch, value in points if epoch is not None and value is not None
        ]

    @property
    def names(self) -> list[str]:
        """Figures in the order in which they first appear, without the epoch itself."""
        return [
            name
            for name in dict.fromkeys(n for entry in self.epochs for n in entry)
            if name != "epoch"
        ]


def read_history(file: Path) -> History:
    """Read one history; raises ClientError on a file that is none."""
    try:
        return History.model_validate_json(file.read_bytes())
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in detail["loc"])
        raise ClientError(
            f"{file}, field '{field}': {detail['msg']}. Name an artifact as training wrote it, "
            "or leave the model away: the report then lacks the learning curves."
        ) from error


def read_histories(model: Path) -> dict[str, History]:
    """The histories in an ensemble artifact, by model; those that are missing are left out.

    Raises:
        ClientError: there is no such folder, or a history cannot be read.
    """
    if not model.is_dir():
        raise ClientError(f"There is no model folder {model}. Name the ensemble artifact's folder.")
    files = {name: model / name / HISTORY for name in MODELS}
    return {name: read_history(file) for name, file in files.items() if file.is_file()}
