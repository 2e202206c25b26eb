"""How much a text's letters are like those of real pages: OCR that fails leaves others."""

from __future__ import annotations

import itertools
import re
import textwrap

# The 100 commonest pairs of letters of German and English business papers.
COMMON_PAIRS = frozenset(
    textwrap.wrap(
        "abacagalamanarasataubecechcoctdadedieaecedeeeielemenereseteufogehahehihricidieigilinioir"
        "isitlalelilllumameminancndnengnsntofomonorotoupapoprrarerirmrorsrtsascsesisssttatethtito"
        "trtsueumunurusutveviwewi",
        2,
    )
)
ENOUGH = 60  # pairs from which their share says something
_WORDS = re.compile(r"[^\W\d_]+")


def share_of_common_pairs(text: str) -> float | None:
    """Share of neighbouring letters within words that are among the 100 commonest pairs.

    Real pages have .5 to .8. None where it says nothing: the text is short, or most of its letters
    are not Latin.
    """
    pairs = [
        one + other
        for word in _WORDS.findall(text.lower())
        for one, other in itertools.pairwise(word)
    ]
    latin = [pair for pair in pairs if max(pair) < "\u0250"]
    if len(latin) < ENOUGH or len(latin) < len(pairs) / 2:
        return None
    return sum(pair in COMMON_PAIRS for pair in latin) / len(latin)
