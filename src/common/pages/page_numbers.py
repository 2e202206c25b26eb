"""The page number that is printed on a page, and the total where there is one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

NONE, BARE, NAMED = 0, 1, 2  # strength of the evidence
_LARGEST = 999
_EDGE = 4  # lines at head and foot in which a named number is the page's own

_NAMED = re.compile(
    r"\b(?:seite|page|blatt|pagina|pg\.?|s\.)\s{0,3}[:#]?\s{0,3}(\d{1,3})\b"
    r"(?:\s{0,3}(?:von|of|/|aus|out of)\s{0,3}(\d{1,3})\b)?",
    re.IGNORECASE,
)
_OF = re.compile(r"^\W{0,3}(\d{1,3})\s{0,2}(?:/|of|von)\s{0,2}(\d{1,3})\W{0,3}$", re.IGNORECASE)
_BARE = re.compile(r"^[\s\-–—|·•.(\[]{0,4}(\d{1,3})[\s\-–—|·•.)\]]{0,4}$")


@dataclass(frozen=True)
class PageNumber:
    """`number` from 1, `total` or 0 where none is printed, `strength` of the evidence."""

    number: int
    total: int
    strength: int


UNKNOWN = PageNumber(0, 0, NONE)


def read_page_number(text: str) -> PageNumber:
    """The page's own number: `Seite 2 von 5`, `Page 2 of 5`, `2/5`, `- 2 -`, or a bare 2.

    Named numbers with a total win over those without, and those over bare ones; the foot wins
    over the head, and the outermost line over inner ones. UNKNOWN where nothing convinces.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    edges = lines[::-1][:_EDGE] + lines[:_EDGE]  # the foot first, outermost lines first
    named = _sensible([*_matches(_NAMED, edges), *map(_OF.match, edges)], NAMED)
    if not any(found.total for found in named):
        named += [found for found in _sensible(_NAMED.finditer(text), NAMED) if found.total]
    if named:
        return min(named, key=lambda found: found.total == 0)
    # Further in, a bare number is a form's line or a table's cell more often than the page's.
    outermost = lines[-1:] + lines[:1]
    return next(iter(_sensible(map(_BARE.match, outermost), BARE)), UNKNOWN)


def _matches(pattern: re.Pattern[str], lines: Iterable[str]) -> Iterator[re.Match[str]]:
    for line in lines:
        yield from pattern.finditer(line)


def _sensible(matches: Iterable[re.Match[str] | None], strength: int) -> list[PageNumber]:
    """The numbers that can be a page's."""
    numbers = [
        PageNumber(int(match[1]), int(match[2] or 0) if match.re.groups > 1 else 0, strength)
        for match in matches
        if match
    ]
    return [found for found in numbers if 1 <= found.number <= (found.total or _LARGEST)]
