"""float16 where there is no GPU: MXNet's processors convolve none of it, all else they do.

A convolution then multiplies float32 numbers that float16 has, and rounds its sums to float16.
"""

from __future__ import annotations

from typing import Any

import pytest
from mxnet import gluon

from common.models import image_network


def round_convolutions(monkeypatch: pytest.MonkeyPatch) -> None:
    def hybrid_forward(self: Any, F: Any, x: Any, weight: Any) -> Any:
        rounded = (
            F.amp_cast(F.amp_cast(one, dtype="float16"), dtype="float32") for one in (x, weight)
        )
        return F.amp_cast(gluon.nn.Conv2D.hybrid_forward(self, F, *rounded), dtype="float16")

    monkeypatch.setattr(image_network._ShortConvolution, "hybrid_forward", hybrid_forward)
