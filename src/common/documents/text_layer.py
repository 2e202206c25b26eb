"""Whether the text inside a PDF says what the page shows.

Scanners leave layers of noise, and fonts without a mapping give letters that are others.
"""

from __future__ import annotations

import re
import unicodedata

from common.pages.text_quality import share_of_common_pairs

# Real pages have .35 or more of them, letters shifted in the alphabet mostly .3 or less.
LEAST_COMMON = 0.36
MOST_UNREADABLE = 0.05  # share of the characters that may stand for nothing


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
    share = share_of_common_pairs(text)
    return share is None or share >= LEAST_COMMON


def letters_of(text: str) -> int:
    """How many letters and digits it has."""
    return sum(map(str.isalnum, text))
