import json

import pytest

from common.job.errors import ClientError
from common.pages.page import Page
from common.results.europace import read_categories, write_europace
from common.results.predictions import PagePrediction

CLASSES = ("contract", "letter", "misc", "note", "payslip")
MAPPING = "\n".join(
    (
        "label,category",
        "contract,Kaufvertrag",
        "letter,Begleitschreiben",
        "note,Begleitschreiben",
        "misc,Sonstiges",
        "payslip,Gehaltsabrechnung",
    )
)


@pytest.fixture
def mapping(tmp_path):
    (tmp_path / "map.csv").write_text("\ufeff" + MAPPING)
    return read_categories(tmp_path / "map.csv", CLASSES)


def prediction(label, *probabilities):
    shares = dict(zip(CLASSES, probabilities, strict=True))
    return PagePrediction("s", 1, 1, label, shares[label], 1.0, shares)


def written(tmp_path, page, predicted, mapping):
    write_europace(tmp_path / "europace.json", [page], [predicted], mapping)
    [record] = json.loads((tmp_path / "europace.json").read_text())
    return record


def test_a_page_is_told_in_europaces_shape(tmp_path, mapping):
    page = Page("upload.pdf", 7, "text", rotation=90)
    said = prediction("contract", 0.4, 0.15, 0.05, 0.15, 0.25)
    assert written(tmp_path, page, said, mapping) == {
        "dokumentId": "upload.pdf",
        "seite": 7,
        "drehung": 90,
        "klassifizierung": {"kategorien": ["Kaufvertrag", "Begleitschreiben", "Gehaltsabrechnung"]},
    }


def test_what_was_decided_comes_first(tmp_path, mapping):
    said = prediction("payslip", 0.5, 0.1, 0.1, 0.1, 0.2)
    found = written(tmp_path, Page("s", 1, "text"), said, mapping)
    assert found["klassifizierung"]["kategorien"][0] == "Gehaltsabrechnung"


def test_sonstiges_is_never_the_result(tmp_path, mapping):
    said = prediction("misc", 0.0, 0.1, 0.9, 0.0, 0.0)
    ranked = written(tmp_path, Page("s", 1, "text"), said, mapping)["klassifizierung"]["kategorien"]
    assert ranked[0] == "Begleitschreiben"
    assert "Sonstiges" not in ranked


@pytest.mark.parametrize(
    "page", [Page("s", 1, "", image="images/1.png", blank=True), Page("s", 1, " ")]
)
def test_a_page_without_content_is_an_empty_page(tmp_path, mapping, page):
    said = prediction("contract", 1, 0, 0, 0, 0)
    found = written(tmp_path, page, said, mapping)
    assert found["klassifizierung"]["kategorien"] == ["Leerseite"]


def test_every_fault_of_a_mapping_is_named(tmp_path):
    file = tmp_path / "map.csv"
    file.write_text("label,category\ncontract,Kaufvertrag\nletter,Brief\n")
    with pytest.raises(ClientError) as error:
        read_categories(file, CLASSES)
    for told in ("line 3, field 'category': 'Brief'", "class 'misc' has none", "'payslip'"):
        assert told in str(error.value)
    file.write_text("class,category\n")
    with pytest.raises(ClientError, match="no column 'label'"):
        read_categories(file, CLASSES)
