"""The page number that is printed on a page, and the total where there is one.

Many other numbers stand where a page's number does: clauses, amounts, dates, lines of a form. So a
rule is a pattern together with the lines that it may be read from, and the first that finds a
number has the last word. Every repetition is bounded: time is linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

NONE, BARE, NAMED = 0, 1, 2  # strength of the evidence
_LARGEST = 999
_REACH = 120  # characters at both ends of an outer line that are looked at
_DIGIT = re.compile(r"\d|\b[IVXivx]{1,6}\b")
_MENTIONS = ("seite", "page", "blatt", "pagina", "página", "strona", "sheet")

# OCR takes l, I and | for 1 and O for 0, and gets a letter of the word wrong.
_DIGITS = r"(?:\d{1,3}|[ivx]{1,6}|[lIO|\d]{1,2})"
_WORD = r"(?:[s5][ec][il1]t[ec]|[pf]a[gq9][ec]|b[l1i]att|p[aá]gina|strona|sheet)"
_SHORT = r"(?:pg|p|s|bl)"
_OF = r"\s{0,3}(?:/|v[o0]n|[o0][ft]|out of|aus|de)\s{0,3}"
_FREE = r"(?<![^\W_])"  # no letter or digit comes before
_ALONE = r"(?![^\W_])"  # no letter or digit comes next
_EDGE = r"[\s\-–—_~=|·•*.,()\[\]<>]{0,5}"  # what decorates a number: - 2 -, [2], | 2
_SECTION = r"(?:[A-Z]{1,2}\d{0,2}-)?"  # A-2 is a section's page 2
_NUMBER = rf"{_SECTION}(?P<number>{_DIGITS})"
_TOTAL = rf"{_OF}(?P<total>{_DIGITS}){_ALONE}"
# Another page's number: `see page 2`.
_OTHERS = ("see", "on", "from", "to", "at", "in", "and", "siehe", "auf", "bis", "und")
_OWN = "".join(rf"(?<!\b{word}\s)" for word in _OTHERS)
_NAME = (
    rf"(?:{_FREE}{_WORD}|(?<=\w)(?-i:Seite|Page|Blatt))\s{{0,3}}(?:nr\.?|no\.?)?[\s:#|.\-–]{{0,4}}"
)
_NEXT = r"\b(?:continued on|fortsetzung auf|forts\. auf)"


@dataclass(frozen=True)
class PageNumber:
    """`number` from 1, `total` or 0 where none is printed, `strength` of the evidence."""

    number: int
    total: int
    strength: int


_ROMAN = {"i": 1, "v": 5, "x": 10}
_SLIPS = str.maketrans("lI|Oo", "11100")
UNKNOWN = PageNumber(0, 0, NONE)
_Place = Literal["outer", "mentions", "first", "last", "last two"]


@dataclass(frozen=True)
class _Rule:
    """A pattern and the lines that it is looked for in.

    Its group `number` is the page's number, or its group `next` that of the page after it.
    """

    place: _Place
    strength: int
    pattern: re.Pattern[str]


def _rule(place: _Place, strength: int, pattern: str) -> _Rule:
    return _Rule(place, strength, re.compile(pattern, re.IGNORECASE))


_RULES = (
    # With a total: Seite 2 von 5, Page l of 3; S. 2/5; 2/5 alone; "Musterbank AG 2/5".
    _rule("mentions", NAMED, rf"{_OWN}{_NAME}{_NUMBER}{_TOTAL}"),
    _rule("outer", NAMED, rf"{_FREE}{_SHORT}\.?\s{{0,2}}{_NUMBER}{_TOTAL}"),
    _rule("outer", NAMED, rf"^{_EDGE}{_NUMBER}{_TOTAL}{_EDGE}$"),
    _rule(
        "outer",
        NAMED,
        rf"\s(?P<number>[1-9]\d?)\s?(?:/|von|of)\s?(?P<total>\d{{1,3}}){_EDGE}$",
    ),
    # Named: p. 2; Page 2; 2 | Page; and by the page after it: Fortsetzung auf Seite 3.
    _rule("outer", NAMED, rf"^{_EDGE}{_SHORT}[\s.:#|\-–]{{0,4}}{_NUMBER}{_EDGE}$"),
    _rule("outer", NAMED, rf"{_OWN}{_NAME}{_NUMBER}{_ALONE}(?!{_OF}\d)"),
    _rule("outer", NAMED, rf"(?<!\w)(?P<number>\d{{1,3}})[\s|.\-–]{{0,3}}{_WORD}{_ALONE}"),
    _rule("mentions", NAMED, rf"{_NEXT}\s{{1,3}}{_WORD}\s{{1,3}}(?P<next>\d{{1,3}}){_ALONE}"),
    # Bare, where little else stands: a foot's 2, [2], A-2 or iv, and a head's - 2 -.
    _rule(
        "last",
        BARE,
        rf"^{_EDGE}{_SECTION}(?P<number>\d{{1,3}}|i{{1,3}}|i?v|vi{{1,3}}|ix){_EDGE}$",
    ),
    _rule("first", BARE, r"^[\-–—|\[(]\s{0,2}(?P<number>\d{1,3})\s{0,2}[\-–—|\])]$"),
    # At the end of a running line: "12 May | Talk | 2", or of a long one at the foot.
    _rule("outer", BARE, r"\s[|·•–—]\s{0,3}(?P<number>\d{1,3})$"),
    _rule("last two", BARE, r"^.{40,300}(?<!\d,)(?<=[^\d\s])\s(?P<number>\d{1,2})$"),
)


def read_page_number(text: str) -> PageNumber:
    """The page's own number, as German and English pages print it; UNKNOWN where none convinces.

    Numbers with a total win over those without, and named ones over bare ones.
    """
    places = _places(text)
    for rule in _RULES:
        for line in places[rule.place]:
            for match in rule.pattern.finditer(line):
                found = _read(match, rule.strength)
                if 1 <= found.number <= (found.total or _LARGEST):
                    return found
    return UNKNOWN


def _places(text: str) -> dict[_Place, list[str]]:
    lines = [line.strip() for line in text.splitlines() if line and not line.isspace()]
    # A text layer sometimes holds several pages: the first one's number comes first.
    head = [_clipped(line) for line in lines[:4]]
    foot = [_clipped(line) for line in lines[:-5:-1]]
    inner = lines[4:-4] if _mentions_a_page(text) else []
    above, below = ([line for line in part if _DIGIT.search(line)] for part in (head, foot))
    return {
        "outer": above + below,
        "mentions": above + [line for line in inner if _mentions_a_page(line)] + below,
        "first": head[:1],
        "last": foot[:1],
        "last two": foot[:2],
    }


def _mentions_a_page(text: str) -> bool:
    folded = text.lower()
    return any(word in folded for word in _MENTIONS)


def _clipped(line: str) -> str:
    return line if len(line) <= 2 * _REACH else f"{line[:_REACH]} … {line[-_REACH:]}"


def _read(match: re.Match[str], strength: int) -> PageNumber:
    groups = match.groupdict()
    number = _value(groups["number"]) if "number" in groups else _value(groups["next"]) - 1
    return PageNumber(number, _value(groups.get("total", "0")), strength)


def _value(digits: str) -> int:
    """The number that was printed: Arabic, Roman up to xxxix, or with OCR's slips."""
    roman = [_ROMAN.get(char, 0) for char in digits.lower()]
    if all(roman):
        return sum(-one if one < after else one for one, after in pairwise([*roman, 0]))
    arabic = digits.translate(_SLIPS)
    return int(arabic) if arabic.isdecimal() else 0
