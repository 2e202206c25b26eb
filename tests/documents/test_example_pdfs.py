"""The PDFs in examples/pdf, as somebody who looks at them would read them."""

import io

import pypdfium2 as pdfium
import pytest
from PIL import Image
from tests.documents.papers import TURNS
from tests.sample import SAMPLE

from common.documents.reading import Reader

PDFS = SAMPLE.parent / "pdf"
WORDS = {
    "lending_package": (
        "Earnings Statement Federal Income Tax",
        "DRIVER LICENSE MARIA GARCIA BIGTOWN,",
        "COMPANY Payroll check ANYTOWN, Security",
        "ACCOUNT STATEMENT Jane Doe Period",
        "Employee's social security Wages compensation",
        "Homeowners Insurance Application Named Insured(s)",
    ),
    "bank_statement": (
        "Page Example Inc. DC 1090001004290",
        "Date Description Withdrawals Deposits Food",
        "Transport AnyCompany Ridesharing 7/28/2020 5004776995",
        "Food Purchase AnyCompany Restaurant 2130609679",
        "7/23/2020 Food Purchase Coffee Shop",
    ),
    "hoa_statement": ("Anycompany Village Community Association Fictional",),
    "urla_1003": (
        "Uniform Residential Loan Application Freddie",
        "Borrower Name Uniform Residential Loan",
    ),
}


@pytest.fixture(scope="module")
def reader(tesseract):
    with Reader() as shared:
        yield shared


def missing(page, words):
    return [word for word in words.split() if word not in page.text]


@pytest.mark.parametrize("name", ["bank_statement", "hoa_statement", "urla_1003"])
@pytest.mark.parametrize("degrees", [0, *TURNS])
def test_a_text_layer_is_read_however_its_pages_are_turned(reader, tmp_path, name, degrees):
    document = pdfium.PdfDocument(PDFS / f"{name}.pdf")
    for page in document:
        page.set_rotation(degrees)
    document.save(tmp_path / "turned.pdf")
    document.close()
    pages = list(reader.pages(tmp_path / "turned.pdf"))
    assert [page.rotation for page in pages] == [-degrees % 360] * len(WORDS[name])
    assert [missing(*each) for each in zip(pages, WORDS[name], strict=True)] == [[]] * len(pages)
    assert all(page.origin == "text layer" and not page.blank for page in pages)


def test_a_scanned_packet_is_read_however_its_pages_were_fed(reader, tmp_path):
    turns = (0, 90, 180, 270, 0, 90)
    document = pdfium.PdfDocument(PDFS / "lending_package.pdf")
    for page, turn in zip(document, turns, strict=True):
        page.set_rotation(turn)
    document.new_page(612, 792)
    document.save(tmp_path / "fed.pdf")
    document.close()
    pages = list(reader.pages(tmp_path / "fed.pdf"))
    assert [page.rotation for page in pages] == [*(-turn % 360 for turn in turns), 0]
    assert [page.blank for page in pages] == [False] * 6 + [True]
    told = [missing(*each) for each in zip(pages, WORDS["lending_package"], strict=False)]
    assert told == [[]] * 6
    assert [Image.open(io.BytesIO(page.bitmap)).size for page in pages] == [(618, 800)] * 7


def test_handwriting_is_kept_with_the_little_that_is_read_of_it(reader):
    # "Patient John Doe, who was admitted with severe pneumonia, has shown significant …": tesseract
    # reads no handwriting, and of the layer that the scanner made two words are on the page.
    [page] = reader.pages(PDFS / "handwritten_note.pdf")
    assert missing(page, "Patient has") == []
    assert (page.origin, page.rotation, page.blank) == ("text layer", 0, False)
