"""What a model keeps: arrays by name, without anything that can run."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from numpy.typing import NDArray

Arrays = dict[str, NDArray]


def arrays_of(model: Any) -> Arrays:
    """The fields of a dataclass that has nothing but arrays."""
    return {field.name: getattr(model, field.name) for field in fields(model)}


def below(name: str, arrays: Arrays) -> Arrays:
    """The arrays as a part of a larger whole: `name`/…"""
    return {f"{name}/{own}": array for own, array in arrays.items()}


def part(name: str, arrays: Arrays) -> Arrays:
    """The arrays that `below` put into a larger whole."""
    start = f"{name}/"
    return {
        whole.removeprefix(start): array
        for whole, array in arrays.items()
        if whole.startswith(start)
    }
