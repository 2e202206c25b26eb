"""A page's text as words that OCR, layout and typography have little say in."""

from __future__ import annotations

import re
import string
import unicodedata
from functools import lru_cache

_ASCII = bytes(range(128))
_SOFT_HYPHEN = "\u00ad"
_HYPHEN = re.compile(  # at a line's end, in a word
    rb"-(?<=[a-z\x80-\xff]-)[ \t]?\r?\n(?=[a-z\x80-\xff])"
)
_FOREIGN = re.compile(r"[^\x00-\x7f](?<=[\d\W])")  # digits and separators outside ASCII
_FEW = 32  # characters of a page that are replaced one after another
_DIGITS_AND_CASE = bytes.maketrans(
    (string.ascii_uppercase + string.digits).encode(),
    (string.ascii_lowercase + "0" * 10).encode(),
)
_LETTERS = frozenset((string.ascii_letters + string.digits).encode())
_SPACES = bytes(
    byte if byte in _LETTERS or byte >= 0x80 else ord(" ") for byte in range(256)
)  # UTF-8's bytes beyond ASCII are letters: what else there was is gone by then
# Numbers whose digits are zeros by now, each shape a word of its own. A pattern begins with what is
# rare and looks back from there, which is much faster; bounded, so that time is linear. Before it
# stands what a page must hold for it to be looked for.
_WORD = rb"[\w\x80-\xff]"
_SHAPES = (
    (
        b"0000",
        re.compile(
            rb"00(?<=[a-z]{2}00)(?<!%b[a-z]{2}00)(?: ?0000){3,6}(?: ?0{1,3})?(?!%b)"
            % (_WORD, _WORD)
        ),
        b" 0iban ",
    ),
    (
        b"00",
        re.compile(rb"0(?<![0.,]0)0?[./-] ?00?[./-] ?00(?:00)?(?!0)|0000(?<!00000)-00-00(?!0)"),
        b" 0date ",
    ),
    (b"%", re.compile(rb"0(?<![0.,]0)0{0,2}(?:[.,]0{1,3})? ?%"), b" 0percent "),
    (b"00", re.compile(rb"0(?<![0.,]0)0{0,11}(?:[.,' ]000){0,4}[.,]00(?![.,]?0)"), b" 0sum "),
)


def normalise(text: str) -> bytes:
    """A page as words of letters and digits, spaces around them, lower-case, UTF-8.

    Umlauts are composed, ligatures and long s taken apart, words hyphenated at line ends joined.
    IBANs, dates, percentages and sums of money become a word each (0iban, 0date, 0percent, 0sum),
    other digits 0, and everything else separates words.
    """
    data = (text if text.isascii() else _folded(text)).encode("utf-8", "replace")
    data = _HYPHEN.sub(b"", data.translate(_DIGITS_AND_CASE))
    for sign, pattern, shape in _SHAPES:
        if sign in data:
            data = pattern.sub(shape, data)
    return data.translate(_SPACES)


def _folded(text: str) -> str:
    """Composed and lower-case, and beyond ASCII nothing but letters.

    A page has few different characters beyond ASCII, so each is replaced everywhere at once.
    """
    if _SOFT_HYPHEN in text:
        text = text.replace(_SOFT_HYPHEN + "\n", "").replace(_SOFT_HYPHEN, "")
    foreign = set(text.encode("utf-8", "ignore").translate(None, _ASCII).decode())
    if len(foreign) > _FEW:
        return _folded_together(text)
    folded = text
    for char in foreign:
        alone = _folded_alone(char)
        if alone is None:
            return _folded_together(text)
        folded = folded.replace(char, alone)
    return folded


def _folded_together(text: str) -> str:
    composed = unicodedata.normalize("NFKC", text).lower()
    return _FOREIGN.sub(lambda found: "0" if found[0].isdigit() else ";", composed)


@lru_cache(maxsize=1 << 12)
def _folded_alone(char: str) -> str | None:
    """What becomes of a character wherever it stands; None if its neighbours have a say."""
    first = unicodedata.normalize("NFKD", char)[0]
    joins = unicodedata.category(first).startswith("M") or "\u1160" <= first <= "\u11ff"
    if joins or "\u03a3" in unicodedata.normalize("NFKC", char):  # a sigma ends words otherwise
        return None
    folded = _folded_together(char)
    return folded if _folded_together(folded) == folded else None
