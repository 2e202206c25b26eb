"""Whether the text inside a PDF says what the page shows.

Scanners leave layers of noise, and fonts without a mapping give letters that are others.
"""

from __future__ import annotations

import itertools
import re
import textwrap
import unicodedata

# The 100 commonest pairs of letters of German and English business papers.
COMMON_PAIRS = frozenset(
    textwrap.wrap(
        "abacagalamanarasataubecechcoctdadedieaecedeeeielemenereseteufogehahehihricidieigilinioir"
        "isitlalelilllumameminancndnengnsntofomonorotoupapoprrarerirmrorsrtsascsesisssttatethtito"
        "trtsueumunurusutveviwewi",
        2,
    )
)
# Real pages have .35 or more of them, letters shifted in the alphabet mostly .3 or less.
LEAST_COMMON = 0.36
ENOUGH = 60  # pairs from which their share says something
MOST_UNREADABLE = 0.05  # share of the characters that may stand for nothing
_WORDS = re.compile(r"[^\W\d_]+")


def is_readable(text: str) -> bool:
    """Whether the characters are such as pages hold, as far as they tell; an empty text is not.

    Letters that are not Latin are taken as they are.
    """
    visible = [character for character in text if not character.isspace()]
    if not visible:
        return False
    nothing = sum(unicodedata.category(each) in ("Cc", "Co", "Cn", "Cs") for each in visible)
    nothing += visible.count("\ufffd") + len("".join(re.findall(r"\(cid:\d+\)", text)))
    if nothing > MOST_UNREADABLE * len(visible):
        return False
    pairs = [
        one + other
        for word in _WORDS.findall(text.lower())
        for one, other in itertools.pairwise(word)
    ]
    latin = [pair for pair in pairs if max(pair) < "\u0250"]
    if len(latin) < ENOUGH or len(latin) < len(pairs) / 2:
        return True
    return sum(pair in COMMON_PAIRS for pair in latin) >= LEAST_COMMON * len(latin)


def letters_of(text: str) -> int:
    """How many letters and digits it has."""
    return sum(map(str.isalnum, text))
