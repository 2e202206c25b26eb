"""An array that grows at its end, in amortised constant time a value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Growing:
    """Values of one type, one after another."""

    def __init__(self, dtype: type[np.generic], values: Sequence[int] = ()) -> None:
        self._room: NDArray = np.zeros(1024, dtype)
        self._size = 0
        self.extend(np.array(values, dtype))

    def extend(self, values: NDArray) -> None:
        size = self._size + len(values)
        if size > len(self._room):
            self._room = np.resize(self._room, 2 * size)
        self._room[self._size : size] = values
        self._size = size

    @property
    def values(self) -> NDArray:
        return self._room[: self._size]
