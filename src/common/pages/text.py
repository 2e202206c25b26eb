"""A page's text as words that OCR, layout and typography have little say in."""

from __future__ import annotations

import re
import string
import unicodedata

_SOFT_HYPHEN = "\u00ad"
_HYPHEN = re.compile(r"-(?<=[^\W\d_]-)[ \t]?\r?\n(?=[^\W\d_])")  # at a line's end, in a word
_FOREIGN = re.compile(r"[^\x00-\x7f](?<=[\d\W])")  # digits and separators outside ASCII
_DIGITS_AND_CASE = bytes.maketrans(
    (string.ascii_uppercase + string.digits).encode(),
    (string.ascii_lowercase + "0" * 10).encode(),
)
_LETTERS = frozenset((string.ascii_letters + string.digits).encode())
_SPACES = bytes(
    byte if byte in _LETTERS or byte >= 0x80 else ord(" ") for byte in range(256)
)  # UTF-8's bytes beyond ASCII are letters: what else there was is gone by then
# Numbers whose digits are zeros by now, each shape a word of its own. A pattern begins with what is
# rare and looks back from there, which is much faster; bounded, so that time is linear.
_WORD = rb"[\w\x80-\xff]"
_SHAPES = (
    (
        re.compile(
            rb"00(?<=[a-z]{2}00)(?<!%b[a-z]{2}00)(?: ?0000){3,6}(?: ?0{1,3})?(?!%b)"
            % (_WORD, _WORD)
        ),
        b" 0iban ",
    ),
    (
        re.compile(rb"0(?<![0.,]0)0?[./-] ?00?[./-] ?00(?:00)?(?!0)|0000(?<!00000)-00-00(?!0)"),
        b" 0date ",
    ),
    (re.compile(rb"0(?<![0.,]0)0{0,2}(?:[.,]0{1,3})? ?%"), b" 0percent "),
    (re.compile(rb"0(?<![0.,]0)0{0,11}(?:[.,' ]000){0,4}[.,]00(?![.,]?0)"), b" 0sum "),
)


def normalise(text: str) -> bytes:
    """The words of a page, a space between them."""
    return b" ".join(split_words(text))


def split_words(text: str) -> list[bytes]:
    """Words of letters and digits, lower-case, UTF-8.

    Umlauts are composed, ligatures and long s taken apart, words hyphenated at line ends joined.
    IBANs, dates, percentages and sums of money become a word each (0iban, 0date, 0percent, 0sum),
    other digits 0, and everything else separates words.
    """
    folded = text if text.isascii() else _folded(text)
    data = _HYPHEN.sub("", folded).encode("utf-8", "ignore").translate(_DIGITS_AND_CASE)
    for pattern, shape in _SHAPES:
        data = pattern.sub(shape, data)
    return data.translate(_SPACES).split()


def _folded(text: str) -> str:
    """Composed and lower-case, and beyond ASCII nothing but letters."""
    composed = unicodedata.normalize("NFKC", text).lower()
    whole = composed.replace(_SOFT_HYPHEN + "\n", "").replace(_SOFT_HYPHEN, "")
    return _FOREIGN.sub(lambda found: "0" if found[0].isdigit() else ";", whole)
