"""A colour for every class, told apart with any colour vision, the same wherever it appears.

Ten hues after Okabe and Ito and Paul Tol, without the reds, which mark errors. From the eleventh
class on the hues return with a texture. No chart says anything by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HUES = (
    "#3b75af",  # blue
    "#e69f00",  # orange
    "#228833",  # green
    "#aa4499",  # purple
    "#56b4e9",  # sky
    "#8a8a2b",  # olive
    "#443399",  # indigo
    "#44aa99",  # teal
    "#d9c56c",  # sand
    "#7d7d7d",  # grey
)
TEXTURES = ("plain", "striped", "dotted", "checked")


@dataclass(frozen=True)
class Swatch:
    """How a class looks."""

    label: str
    colour: str
    texture: str


def swatches(labels: Iterable[str]) -> dict[str, Swatch]:
    """A swatch for each class: the same set of names gives the same colours."""
    return {
        label: Swatch(
            label,
            HUES[position % len(HUES)],
            TEXTURES[position // len(HUES) % len(TEXTURES)],
        )
        for position, label in enumerate(sorted(set(labels)))
    }
