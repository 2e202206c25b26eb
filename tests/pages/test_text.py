import unicodedata
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.pages.text import normalise


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("Straße, 12!", "straße 00"),
        ("u\u0308ber", "über"),  # a composed umlaut equals a decomposed one
        ("ﬁnal\tOFFER\n", "final offer"),
        ("\x00\uffff§", ""),
        ("Be\u017fitz", "besitz"),  # long s
        ("GRÖẞE", "größe"),
        ("Ver-\ntrag, VER- \r\nTRAG", "vertrag vertrag"),
        ("Ver\u00adtrag Ver\u00ad\ntrag", "vertrag vertrag"),
        ("Soll- und Haben-Zins -\nb 7-\n8", "soll und haben zins b 0 0"),
        ("snake_case", "snake case"),
        ("lone \ud800surrogates", "lone surrogates"),
        ("ΟΔΟΣ σ", "οδος σ"),  # a capital sigma that ends a word is another one than others
        ("am 31.12.2020, 1.2.21, 12/31/2020, 2020-12-31", "am 0date 0date 0date 0date"),
        ("IBAN DE12 3456 7890 1234 5678 90 BIC", "iban de 0iban bic"),
        ("AT12" + "3456" * 4, "at 0iban"),
        ("EUR 1.234,56 USD 1,234.50 5,00- 1 234,00", "eur 0sum usd 0sum 0sum 0sum"),
        ("12,5 % und 3%", "0percent und 0percent"),
        ("§ 12 Abs. 3, 12.5.1, 100 2020 1,5", "00 abs 0 00 0 0 000 0000 0 0"),
    ],
)
def test_normalise(raw, normal):
    assert normalise(raw).decode().split() == normal.split()


@pytest.mark.parametrize(
    "piece", ["0", "000 ", "0.0.", "a-\n", "de00 0000 ", "-\n", " ", "_ ", "00,"]
)
def test_five_megabytes_take_no_more_than_their_share(piece):
    began = process_time()
    normalise(piece * (5_000_000 // len(piece)))
    assert process_time() - began < 20


MARKS = "\u0308\u0301\u1161\u11a8\u093c"  # they join what stands before them
FOREIGN = st.characters(min_codepoint=128, blacklist_categories=["Cs"])


@given(st.text(st.one_of(st.sampled_from("aZ9 -\n." + MARKS), FOREIGN), max_size=60))
def test_characters_beyond_ascii_are_folded_as_the_whole_text_would_be(text):
    text = text.replace("\u00ad", "")
    folded = unicodedata.normalize("NFKC", text).lower()
    plain = "".join(
        "0" if char.isdecimal() else char if char.isascii() or char.isalnum() else " "
        for char in folded
    )
    assert normalise(text).split() == normalise(plain).split()


def test_every_character_is_folded_as_it_would_be_between_others():
    """One at a time, where a page is not searched for its few different ones."""
    many = [f"Ab{chr(code)}Cd" for code in range(128, 0x3100) if chr(code) != "\u00ad"]
    together = normalise("\n".join(many)).split(b"\n")
    assert together[0].split() == [word for one in many for word in normalise(one).split()]
