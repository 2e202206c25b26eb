"""What every text encoder is: page texts in, heads out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from common.pages.targets import Targets

Heads = tuple[NDArray[np.float32], NDArray[np.float32]]
"""(embedding [pages, width], heads [pages, classes + 2]); see `heads.py`."""


@dataclass(frozen=True)
class TextExamples:
    """Page texts and what is to be said of each."""

    texts: Sequence[str]
    targets: Targets


class TextEncoder(Protocol):
    """A trained encoder.

    Its module has `fit(train, validation, classes, hyperparameters, report, pretrained)`, which
    returns it with its history, and `load(folder, classes, hyperparameters)`, which needs no more
    than the folder. `pretrained` is the folder of that channel, or None.
    """

    def forward(self, texts: Sequence[str]) -> Heads: ...

    def save(self, folder: Path) -> None: ...
