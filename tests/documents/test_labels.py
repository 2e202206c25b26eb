from pathlib import Path

import pytest

from common.documents.labels import LabelledRange, label_of_folder, read_labels
from common.documents.sources import Source
from common.job.errors import ClientError

PAGES = {"a/one.pdf": 5, "b/two.pdf": 3, "c/two.pdf": 2}


def labels(tmp_path, text, **more):
    (tmp_path / "labels.csv").write_bytes(text.encode())
    return read_labels(tmp_path / "labels.csv", PAGES, **more)


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_ranges_are_read_in_their_order(tmp_path, delimiter, mark):
    rows = [
        ["file", "Last_Page", "first_page", "label", "note"],
        ["one.pdf", "5", "3", '"sales; contract, signed"', ""],
        ["a/one.pdf", "2", "1", " letter ", "?"],
        [],
        ["b/two.pdf", "3", "1", "letter", ""],
    ]
    found = labels(tmp_path, mark + "\r\n".join(delimiter.join(row) for row in rows))
    assert found == {
        "a/one.pdf": [
            LabelledRange(1, 2, "letter"),
            LabelledRange(3, 5, "sales; contract, signed"),
        ],
        "b/two.pdf": [LabelledRange(1, 3, "letter")],
    }


def test_every_wrong_row_is_named(tmp_path):
    wrong = [
        "two.pdf,1,1,letter",  # two files are called so
        "a/one.pdf,0,1,letter",
        "a/one.pdf,1,6,letter",
        "a/one.pdf,3,2,letter",
        "a/one.pdf,1,1,",
        "a/one.pdf,one,1,letter",
    ]
    with pytest.raises(ClientError) as error:
        labels(tmp_path, "\n".join(["file,first_page,last_page,label", *wrong]))
    message = str(error.value)
    for told in (
        "line 2, field 'file': there is no file or stream 'two.pdf'",
        "line 3, field 'first_page': must be a page from 1 to 5. Got '0'",
        "line 4, field 'last_page': must be a page from 1 to 5. Got '6'",
        "line 5, field 'last_page': 2 lies before page 3",
        "line 6, field 'label'",
        "line 7, field 'first_page'",
    ):
        assert told in message


def test_a_page_in_two_documents_is_named(tmp_path):
    text = "file,first_page,last_page,label\none.pdf,1,3,a\none.pdf,3,5,b\n"
    with pytest.raises(ClientError, match=r"page 3 of 'a/one\.pdf' is in two documents"):
        labels(tmp_path, text)


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(ClientError, match="no column last_page, label"):
        labels(tmp_path, "file,first_page\n")


def test_what_is_said_of_a_refused_file_is_passed_over(tmp_path):
    text = "file,first_page,last_page,label\nbroken.pdf,1,3,a\none.pdf,1,5,b\n"
    assert list(labels(tmp_path, text, ignored=["x/broken.pdf"])) == ["a/one.pdf"]


def test_a_folder_is_a_class():
    assert label_of_folder(Source("dossier 7/letter/1.pdf", Path("x"))) == "letter"
    with pytest.raises(ClientError, match=r"1\.pdf lies in no folder"):
        label_of_folder(Source("1.pdf", Path("x")))
