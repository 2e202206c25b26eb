"""Text as OCR would have read it from a poor scan: noise to train with and to measure against.

Each character is wrong or right on its own, at a rate that depends on it and its successor, and
what it turns into follows the frequencies of `ocr_confusions`. Vectorised over code points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from common.pages.ocr_confusions import (
    DROPPED,
    INSERTED,
    INSERTED_IN_WORDS,
    PAIRS,
    PRONENESS,
    SINGLE,
    SUBSTITUTED,
)

_LONGEST = 3  # code points that one mistake can put down
_COMMON = 0x2100  # code points below it are told apart


@dataclass(frozen=True)
class _Mistake:
    """`seen` in place of `consumed` characters, or after one; `weight` is its relative rate."""

    seen: str
    consumed: int
    edits: int
    weight: float


@dataclass(frozen=True)
class _Model:
    """All that can happen, by *site*: a kind of character followed by a kind of character.

    Shapes: kind uint8 [code points]; site int16 [kinds, kinds]; rate, cost float64 [sites], of all
    mistakes together and the edits that one of them means on average; cumulative float64 [sites,
    mistakes], the mistakes' shares added up; seen uint32 [sites, mistakes, _LONGEST]; length,
    consumed int8 [sites, mistakes].
    """

    kind: NDArray[np.uint8]
    site: NDArray[np.int16]
    rate: NDArray[np.float64]
    cost: NDArray[np.float64]
    cumulative: NDArray[np.float64]
    seen: NDArray[np.uint32]
    length: NDArray[np.int8]
    consumed: NDArray[np.int8]


def add_noise(text: str, character_error_rate: float, rng: np.random.Generator) -> str:
    """The text with about `character_error_rate` · len(text) single-character edits.

    Edits are counted as in the Levenshtein distance: `rn` read as `m` is two. Neighbouring ones
    now and then undo or merge with each other, so that high rates come out a little lower.
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    if not len(codes) or character_error_rate <= 0:
        return text
    model = _model()
    kinds = model.kind[np.minimum(codes, _COMMON)]
    sites = model.site[kinds, np.append(kinds[1:], model.kind[ord("\n")])]
    rates = model.rate[sites]
    scale = character_error_rate * len(codes) / max(1e-9, float(rates @ model.cost[sites]))
    where = np.flatnonzero(rng.random(len(codes)) < scale * rates)
    site = sites[where]
    which = (rng.random((len(where), 1)) >= model.cumulative[site]).sum(axis=1)
    consumed = model.consumed[site, which]
    # A mistake over two characters leaves none to be made at the second.
    free = np.append(True, np.diff(where) >= consumed[:-1])[: len(where)]
    where, site, which, consumed = where[free], site[free], which[free], consumed[free]
    return _apply(codes, where, consumed, model.length[site, which], model.seen[site, which])


def _apply(
    codes: NDArray[np.uint32],
    where: NDArray[np.intp],
    consumed: NDArray[np.int8],
    length: NDArray[np.int8],
    seen: NDArray[np.uint32],
) -> str:
    """Put down the first `length` of `seen` [mistakes, _LONGEST] for `consumed` codes at `where`.

    Where none are consumed, that is after the code.
    """
    sizes = np.ones(len(codes), dtype=np.intp)
    sizes[where] = length + (consumed == 0)
    sizes[where[consumed == 2] + 1] = 0
    starts = np.cumsum(sizes) - sizes
    noisy = np.empty(sizes.sum(), dtype=np.uint32)
    kept = sizes > 0
    noisy[starts[kept]] = codes[kept]
    begins = starts[where] + (consumed == 0)
    for place in range(_LONGEST):
        longer = length > place
        noisy[begins[longer] + place] = seen[longer, place]
    return noisy.tobytes().decode("utf-32-le", "surrogatepass")


@cache
def _model() -> _Model:
    printed = sorted({*SINGLE, *"".join(PAIRS)})
    number = {char: kind for kind, char in enumerate(printed, start=2)}  # 0: no letter, 1: a letter
    letters = np.array([False, True, *(char.isalpha() for char in printed)])
    kinds = len(letters)
    site = np.tile(np.arange(kinds, dtype=np.int16)[:, None], (1, kinds))
    site[np.ix_(letters, letters)] += kinds  # in a word
    for place, pair in enumerate(PAIRS):
        site[number[pair[0]], number[pair[1]]] = 2 * kinds + place
    chars = ["\0", "\0", *printed]  # of the first two, no name matters
    mistakes = [list(_of_one(char, in_word=False)) for char in chars]
    mistakes += [list(_of_one(char, in_word=True)) for char in chars]
    mistakes += [[*_of_one(pair[0], in_word=True), *_of_two(pair)] for pair in PAIRS]
    known = [number.get(chr(code), int(chr(code).isalpha())) for code in range(_COMMON)]
    return _tables(np.array([*known, 0], dtype=np.uint8), site, mistakes)


def _of_one(char: str, in_word: bool) -> Iterator[_Mistake]:
    proneness = PRONENESS.get(char, 1.0)
    others = SINGLE.get(char, {})
    for seen, parts in others.items():
        weight = proneness * SUBSTITUTED * parts / sum(others.values())
        yield _Mistake(seen, 1, _edits(char, seen), weight)
    yield _Mistake("", 1, 1, proneness * DROPPED)
    for seen, share in {**INSERTED, **(INSERTED_IN_WORDS if in_word else {})}.items():
        yield _Mistake(seen, 0, len(seen), proneness * share)


def _of_two(pair: str) -> Iterator[_Mistake]:
    for seen, weight in PAIRS[pair].items():
        yield _Mistake(seen, 2, _edits(pair, seen), weight)


def _edits(printed: str, seen: str) -> int:
    """The Levenshtein distance, where no character has changed its place."""
    return max(len(printed), len(seen)) - sum((Counter(printed) & Counter(seen)).values())


def _tables(
    kind: NDArray[np.uint8], site: NDArray[np.int16], mistakes: list[list[_Mistake]]
) -> _Model:
    shape = (len(mistakes), max(map(len, mistakes)))
    weight, edits = np.zeros(shape), np.zeros(shape)
    length, consumed = np.zeros(shape, dtype=np.int8), np.zeros(shape, dtype=np.int8)
    seen = np.zeros((*shape, _LONGEST), dtype=np.uint32)
    for row, found in enumerate(mistakes):
        for column, one in enumerate(found):
            weight[row, column], edits[row, column] = one.weight, one.edits
            length[row, column], consumed[row, column] = len(one.seen), one.consumed
            seen[row, column, : len(one.seen)] = [ord(char) for char in one.seen]
    rate = weight.sum(axis=1)
    cost = (weight * edits).sum(axis=1) / rate
    cumulative = np.cumsum(weight, axis=1) / rate[:, None]
    cumulative[:, -1] = 1
    return _Model(kind, site, rate, cost, cumulative, seen, length, consumed)
