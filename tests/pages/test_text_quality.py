import pytest

from common.pages.text_quality import share_of_common_pairs


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("the " * 30, 1.0),  # th, he
        ("xqz " * 30, 0.0),
        ("THE xqz 12 " * 15, 0.5),
        ("the " * 29, None),  # too few pairs to tell
        ("", None),
        ("жук " * 40 + "the " * 30, None),  # mostly not Latin
    ],
)
def test_pairs_of_letters_within_words_are_counted(text, share):
    assert share_of_common_pairs(text) == share
