"""Which language a page is in, by its commonest words."""

from __future__ import annotations

import re

_WORDS = {
    "de": "der die das und ist von zu mit den im für auf nicht des dem ein eine sich wird bei",
    "en": "the of and to in is for that by on with as be this are or shall from at not it",
    "fr": "le la les des et est du une pour dans que sur par au avec ce pas aux ou",
    "it": "il lo gli della di che per una del con nel sono alla dei delle al si non",
    "es": "el los las del y en que por una con para se al no su como es",
    "nl": "het een van en op te dat voor met zijn aan niet door bij ook wordt",
    "pl": "i w na z do się nie jest o przez dla od po oraz lub",
}
_OF_WORD = {
    word: [name for name, words in _WORDS.items() if word in words.split()]
    for words in _WORDS.values()
    for word in words.split()
}
FEWEST = 5  # common words that must occur
AHEAD = 1.5  # how many times as often as those of the next language


def language_of(text: str) -> str | None:
    """ISO 639-1 code; None where too few words tell."""
    counts = dict.fromkeys(_WORDS, 0)
    for word in re.findall(r"[^\W\d_]+", text.lower()):
        for name in _OF_WORD.get(word, ()):
            counts[name] += 1
    second, first = sorted(counts.values())[-2:]
    if first < FEWEST or first < AHEAD * second:
        return None
    return max(counts, key=lambda name: counts[name])
