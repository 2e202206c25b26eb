from common.pages.words import LONGEST, TRIGRAM_BUCKETS, head_and_tail, trigrams_of, words_of


def test_words_are_lower_case_composed_and_without_punctuation():
    assert words_of("Kaufvertrag, U\u0308BER 12.000 € –\nNr. 7") == [
        "kaufvertrag", "über", "00", "000", "nr", "0"
    ]  # fmt: skip
    assert words_of("\n \x00") == []


def test_head_and_tail():
    items = list(range(10))
    assert head_and_tail(items, 10) == (items, [])
    assert head_and_tail(items, 5) == ([0, 1, 2], [8, 9])
    assert head_and_tail(items, 1) == ([0], [])
    assert head_and_tail([], 3) == ([], [])


def test_trigrams_mark_a_words_ends_and_are_shared_by_like_words():
    assert len(trigrams_of("haus")) == 4  # <ha hau aus us>
    assert len(trigrams_of("")) == len(trigrams_of("a")) == 1
    assert len(trigrams_of("x" * 1000)) == LONGEST
    assert set(trigrams_of("kaufvertrag")) & set(trigrams_of("mietvertrag"))
    assert trigrams_of("haus")[0] != trigrams_of("aha")[1]
    assert all(1 <= bucket <= TRIGRAM_BUCKETS for bucket in trigrams_of("grundschuld"))
