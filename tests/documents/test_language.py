import json

import pytest
from tests.sample import SAMPLE

from common.documents.language import language_of


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Der Kaufpreis ist mit der Übergabe des Objekts fällig und auf das Konto zu zahlen", "de"),
        ("The seller shall transfer the property to the buyer on the date of this contract", "en"),
        ("Le vendeur et les acheteurs sont tenus par le contrat dans les délais et pour la", "fr"),
        ("1.234,56 EUR 12.12.2020", None),
        ("", None),
    ],
)
def test_the_commonest_words_tell(text, code):
    assert language_of(text) == code


def test_it_agrees_with_those_who_made_the_sample():
    lines = (SAMPLE / "train" / "pages.jsonl").read_text().splitlines()
    pages = [json.loads(line) for line in lines]
    told = [(page["language"], language_of(page["text"])) for page in pages]
    told = [pair for pair in told if pair[0] in ("de", "en")]
    wrong = [pair for pair in told if pair[1] not in (None, pair[0])]
    assert len(wrong) <= 0.03 * len(told)
    assert sum(found is not None for _, found in told) > 0.7 * len(told)
