from collections import Counter
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sample import SAMPLE

from common.pages.channel import read_channel
from common.pages.ocr_confusions import PAIRS, SINGLE
from common.pages.ocr_noise import add_noise

GERMAN = "Die Überweisung größerer Beträge für den Kaufvertrag erfolgt nach § 12 bis 31.10.2020.\n"


def edit_distance(one: str, other: str) -> int:
    """Levenshtein's, by the recurrence of Wagner and Fischer (1974), a row at a time."""
    codes = np.array([ord(char) for char in other])
    steps = np.arange(len(other) + 1)
    row = steps.copy()
    for count, char in enumerate(one, start=1):
        above = np.minimum(row[1:] + 1, row[:-1] + (codes != ord(char)))
        row = np.minimum.accumulate(np.r_[count, above] - steps) + steps
    return int(row[-1])


@pytest.fixture(scope="module")
def pieces():
    """300 characters each of real pages, and German ones."""
    pages = read_channel(SAMPLE / "train").pages
    return [page.text[:300] for page in pages if len(page.text) > 300] + [GERMAN * 3] * 20


def test_the_edit_distance_here_is_right():
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("modern", "modem") == 2


@pytest.mark.parametrize("rate", [0.02, 0.05, 0.1, 0.2])
def test_the_error_rate_is_the_one_asked_for(pieces, rate):
    rng = np.random.default_rng(1)
    edits = sum(edit_distance(piece, add_noise(piece, rate, rng)) for piece in pieces)
    assert edits / sum(map(len, pieces)) == pytest.approx(rate, rel=0.15)


def test_the_same_generator_makes_the_same_noise(pieces):
    once, again, other = (
        [add_noise(piece, 0.1, rng) for piece in pieces]
        for rng in (np.random.default_rng(seed) for seed in (1, 1, 2))
    )
    assert once == again != other


@given(st.text(), st.floats(0, 1), st.integers(0, 9))
def test_any_text_gets_through(text, rate, seed):
    noisy = add_noise(text, rate, np.random.default_rng(seed))
    assert len(noisy) <= 5 * len(text)
    if rate == 0:
        assert noisy == text


def test_half_characters_get_through():
    assert "\ud800" in add_noise("\ud800" * 100, 0.1, np.random.default_rng(1))


def misreadings(printed: str) -> Counter:
    """What becomes of `printed` between two characters that nothing is known of."""
    noisy = add_noise(f"¤{printed}¤\0" * 20_000, 0.05, np.random.default_rng(1))
    return Counter(noisy.replace("¤", "").split("\0"))


@pytest.mark.parametrize(
    ("printed", "seen"),
    [
        ("rn", "m"),
        ("m", "rn"),
        ("cl", "d"),
        ("l", "1"),
        ("1", "I"),
        ("O", "0"),
        ("ü", "u"),
        ("ß", "B"),
        ("e", "c"),
    ],
)
def test_what_is_often_mistaken_is_often_mistaken(printed, seen):
    frequent = [text for text, _ in misreadings(printed).most_common(4)]
    assert frequent[0] == printed
    assert seen in frequent


def test_rare_mistakes_happen_too():
    noisy = add_noise(GERMAN * 2000, 0.1, np.random.default_rng(1))
    for mistake in ("fiir", "füir", "fur", "f ür", "denKaufvertrag", "Kauf-\nvertrag", "2020. Die"):
        assert mistake in noisy


def test_the_tables_hold_what_can_be_put_down():
    for printed, seen in [*SINGLE.items(), *PAIRS.items()]:
        assert printed not in seen
        assert all(len(text) <= 3 for text in seen)


def test_five_megabytes_take_seconds():
    began = process_time()
    add_noise(GERMAN * 60_000, 0.1, np.random.default_rng(1))
    assert process_time() - began < 10
