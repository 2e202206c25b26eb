import contextlib
import io
import signal
import threading

import numpy as np
import pytest
from PIL import Image
from pypdfium2.version import PDFIUM_INFO
from tests.documents.papers import (
    CONTRACT,
    PAGE,
    TURNS,
    clockwise,
    drawn,
    encrypted_pdf,
    endless_tiff,
    form_pdf,
    laughing_pdf,
    scanned_pdf,
    slow_pdf,
    swollen_pdf,
    swollen_png,
    text_page,
    text_pdf,
    tiff,
)

from common.documents.limits import Limits, RefusedFile
from common.documents.reading import Reader, pages_of
from common.job.errors import ClientError

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SHIFTED = str.maketrans(LETTERS, LETTERS[3:] + LETTERS[:3])
WORDS = ("agreement", "parties", "property", "buyer", "Kaufpreis")


@pytest.fixture(scope="module")
def hasty():
    """A reader without OCR that allows little."""
    limits = Limits(size=1 << 20, pages=3, seconds=2, memory=600 << 20)
    with Reader(limits=limits, languages=None, workers=1) as shared:
        yield shared


def grey(page):
    return np.asarray(Image.open(io.BytesIO(page.bitmap)))


def ink_above_the_middle(page):
    """Share of the ink that is in the upper half: all of it, on a page of ours."""
    ink = grey(page) < 128
    return ink[: len(ink) // 2].sum() / ink.sum()


@pytest.mark.parametrize("direction", [0, *TURNS])
@pytest.mark.parametrize("rotate", [0, *TURNS])
def test_a_text_page_is_turned_until_its_text_can_be_read(hasty, tmp_path, direction, rotate):
    file = text_pdf(tmp_path / "turned.pdf", [text_page(direction=direction, rotate=rotate)])
    [page] = hasty.pages(file)
    assert page.origin == "text layer"
    assert page.text.split("\n")[0] == CONTRACT[0]
    assert page.text.split("\n")[-1] == CONTRACT[-1]
    # Shown turned clockwise by /Rotate, and its text runs counter-clockwise.
    assert page.rotation == (direction - rotate) % 360
    assert ink_above_the_middle(page) == 1
    upright = rotate % 180 == direction % 180
    assert (max(grey(page).shape), upright == (page.rotation % 180 == 0)) == (800, True)


@pytest.mark.parametrize("degrees", [0, *TURNS])
def test_a_scan_is_turned_until_it_can_be_read(reader, tmp_path, degrees):
    [page] = reader.pages(scanned_pdf(tmp_path / "scan.pdf", [clockwise(drawn(), degrees)]))
    assert page.rotation == -degrees % 360
    assert (page.origin, page.blank, page.skew) == ("ocr", False, 0)
    assert all(word in page.text for word in WORDS)
    assert grey(page).shape == (800, 618)
    assert ink_above_the_middle(page) == 1


def test_a_crooked_scan_is_levelled(reader, tmp_path):
    crooked = drawn().rotate(2.5, Image.Resampling.BICUBIC, fillcolor=255)  # counter-clockwise
    [page] = reader.pages(scanned_pdf(tmp_path / "crooked.pdf", [crooked]))
    assert page.skew == pytest.approx(2.5, abs=0.2)
    rows = (grey(page) < 128).any(axis=1)
    lines = (np.diff(rows.astype(int)) == 1).sum()
    assert lines >= len(CONTRACT)  # white between any two of them
    assert all(word in page.text for word in WORDS)


@pytest.mark.parametrize("compression", ["group4", "jpeg", "tiff_lzw"])
def test_every_page_of_a_tiff_is_read_in_its_order(hasty, tmp_path, compression):
    mode = "1" if compression == "group4" else "L"
    shades = [drawn().convert(mode), drawn([]).convert(mode), drawn(["12"]).convert(mode)]
    pages = list(hasty.pages(tiff(tmp_path / "fax.tiff", shades, compression)))
    assert [page.blank for page in pages] == [False, True, False]
    assert all(page.text == "" and page.origin == "none" for page in pages)
    assert (grey(pages[0]) < 128).sum() > 20 * (grey(pages[2]) < 128).sum()


def test_a_fax_with_flat_pixels_is_read(reader, tmp_path):
    flat = drawn().resize((1700, 1100)).convert("1")
    flat.save(tmp_path / "fax.tif", compression="group4", dpi=(200, 100))
    [page] = reader.pages(tmp_path / "fax.tif")
    assert grey(page).shape[0] == 800
    assert grey(page).shape[1] / 800 == pytest.approx(PAGE[0] / PAGE[1], abs=0.01)
    assert all(word in page.text for word in WORDS)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_is_a_page(hasty, tmp_path, kind):
    drawn().save(tmp_path / "page.bin", kind)  # what its name says does not matter
    [page] = hasty.pages(tmp_path / "page.bin")
    assert grey(page).shape == (800, 618)


def test_a_photo_is_the_way_up_that_its_camera_says(hasty, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    clockwise(drawn(), 270).save(tmp_path / "photo.jpg", exif=exif)
    [page] = hasty.pages(tmp_path / "photo.jpg")
    assert ink_above_the_middle(page) == 1


def test_a_white_on_black_page_is_not_blank(hasty, tmp_path):
    Image.eval(drawn(), lambda value: 255 - value).save(tmp_path / "slide.png")
    [page] = hasty.pages(tmp_path / "slide.png")
    assert not page.blank


def test_dust_and_the_scanners_edge_are_no_content(reader, tmp_path):
    page = np.full(PAGE[::-1], 250, dtype=np.uint8)
    page[:, :20] = 0
    dust = np.random.default_rng(3)
    page[dust.integers(60, 1040, 60), dust.integers(60, 790, 60)] = 0
    Image.fromarray(page).save(tmp_path / "back.png")
    [found] = reader.pages(tmp_path / "back.png")
    assert found.blank
    assert found.text == ""


def test_a_layer_of_noise_gives_way_to_ocr(reader, tmp_path):
    shifted = [line.translate(SHIFTED)[:40] for line in CONTRACT]
    [page] = reader.pages(text_pdf(tmp_path / "shifted.pdf", [text_page(shifted)]))
    assert page.origin == "ocr"  # which reads the letters that are shown


@pytest.mark.parametrize("drawn", [True, False])
@pytest.mark.parametrize("rotate", [0, 90])
def test_what_a_form_is_filled_with_is_read_and_seen(hasty, tmp_path, drawn, rotate):
    pages = {}
    for value in ("Jane Borrower", ""):
        file = form_pdf(tmp_path / "form.pdf", value, drawn=drawn, rotate=rotate)
        [pages[value]] = hasty.pages(file)
    assert [page.text.split("\n")[0] for page in pages.values()] == [CONTRACT[0]] * 2
    assert [page.text.count("Jane Borrower") for page in pages.values()] == [1, 0]
    below = [(grey(page)[400:] < 128).sum() for page in pages.values()]  # where nothing else is
    assert below[0] > 100
    assert below[1] == 0


def test_bytes_are_read_as_a_file_is(tmp_path):
    content = text_pdf(tmp_path / "two.pdf", [text_page(), text_page(["Second page"] * 4)])
    found = pages_of(content.read_bytes(), languages=None)
    assert [page.text.split("\n")[0] for page in found] == [CONTRACT[0], "Second page"]


def test_pages_keep_their_order_whoever_reads_them(tmp_path):
    lines = [f"This is the page with the number {number} of this file" for number in range(1, 31)]
    file = text_pdf(tmp_path / "many.pdf", [text_page([line]) for line in lines])
    with Reader(languages=None, workers=3) as many:
        assert [page.text for page in many.pages(file)] == lines


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_bytes(b"<html>"), "neither PDF, TIFF, PNG nor JPEG"),
        (encrypted_pdf, "encrypted. Save it without a password"),
        (lambda path: text_pdf(path, [text_page()] * 4), "4 pages, more than 3"),
        (lambda path: path.write_bytes(b"%PDF-1.4\n" + bytes(2 << 20)), "bytes, more than"),
        (lambda path: path.write_bytes(b"%PDF-1.4\n1 0 obj\n<<"), "damaged or not a PDF"),
        (lambda path: text_pdf(path, []), "damaged or not a PDF|no page"),
        (swollen_png, "20000 × 20000 pixels, more than 80,000,000"),
        (lambda path: tiff(path, [drawn(size=(99, 99))] * 5, "raw"), "more than 3 pages"),
        (slow_pdf, "longer than 2 s"),
        (laughing_pdf, "longer than 2 s|crashed|more than 600 MB"),
    ],
)
def test_what_cannot_be_read_is_refused_and_its_neighbour_is_not(hasty, tmp_path, make, told):
    make(tmp_path / "bad")
    good = text_pdf(tmp_path / "good.pdf", [text_page()])
    with pytest.raises(RefusedFile, match=told):
        list(hasty.pages(tmp_path / "bad"))
    assert len(list(hasty.pages(good))) == 1


def test_a_page_that_names_itself_as_the_next_ends(hasty, tmp_path):
    assert len(list(hasty.pages(endless_tiff(tmp_path / "endless.tiff")))) <= 3


def test_an_image_that_swells_in_a_page_stays_within_the_memory(hasty, tmp_path):
    file = swollen_pdf(tmp_path / "swollen.pdf", side=20_000)
    with Reader(limits=Limits(seconds=10), languages=None, workers=1) as allowing:
        with contextlib.suppress(RefusedFile):
            list(allowing.pages(file))
        assert 0 < allowing.peak < 1.5 * (1 << 30)
        assert len(list(allowing.pages(text_pdf(tmp_path / "good.pdf", [text_page()])))) == 1


def test_a_script_in_a_file_does_nothing(hasty, tmp_path):
    assert not {"V8", "XFA"} & set(PDFIUM_INFO.flags)  # what runs scripts, of forms too
    script = "/S /JavaScript /JS (while (true) {})"
    form = f"/AcroForm << /Fields [<< /FT /Tx /T (a) /V (b) /AA << /C << {script} >> >> >>] >>"
    catalog = f"/OpenAction << {script} >> {form}"
    [page] = hasty.pages(text_pdf(tmp_path / "script.pdf", [text_page()], catalog=catalog))
    assert page.text.startswith(CONTRACT[0])


def test_a_reading_process_that_is_killed_is_replaced(tmp_path):
    slow = slow_pdf(tmp_path / "slow.pdf")
    good = text_pdf(tmp_path / "good.pdf", [text_page()])
    with Reader(languages=None, workers=1) as alone:
        process = alone._idle.get()
        alone._idle.put(process)
        killing = threading.Timer(1, process._process.send_signal, [signal.SIGTERM])
        killing.start()
        with pytest.raises(RefusedFile, match="crashed"):
            list(alone.pages(slow))
        assert len(list(alone.pages(good))) == 1


def test_without_data_for_a_language_the_remedy_is_told():
    with pytest.raises(ClientError, match=r"no data for xyz.*apt-get install tesseract-ocr-xyz"):
        Reader(languages="eng+xyz")


def test_without_tesseract_the_remedy_is_told(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ClientError, match="apt-get install tesseract-ocr"):
        Reader()
