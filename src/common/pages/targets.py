"""What a base model is to learn of each page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.pages.channel import Channel


@dataclass(frozen=True)
class Targets:
    """label int32 [pages]; first_page, last_page float32 [pages], 1 where a document starts, ends.

    weight float32 [pages] is the larger the rarer the page's class, with mean 1.
    """

    label: NDArray[np.int32]
    first_page: NDArray[np.float32]
    last_page: NDArray[np.float32]
    weight: NDArray[np.float32]

    def take(self, rows: NDArray[np.intp]) -> Targets:
        return Targets(
            self.label[rows], self.first_page[rows], self.last_page[rows], self.weight[rows]
        )


def targets_of(channel: Channel, classes: Sequence[str], weighting: float = 0.5) -> Targets:
    """Targets of a labelled channel whose labels all occur in `classes`.

    Args:
        weighting: a page of a class that has n pages weighs n^-weighting.
    """
    place = {name: index for index, name in enumerate(classes)}
    label = np.array([place[name] for name in channel.labels], dtype=np.int32)
    first, last = np.zeros((2, len(channel)), dtype=np.float32)
    for document in channel.documents:
        first[document.rows.start] = last[document.rows.stop - 1] = 1
    weight = np.bincount(label, minlength=len(classes))[label] ** -weighting
    return Targets(label, first, last, (weight / weight.mean()).astype(np.float32))
