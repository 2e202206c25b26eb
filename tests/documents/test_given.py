import pypdfium2 as pdfium
import pytest
from tests.builders import make_channel
from tests.contract.programs import files_below
from tests.documents.papers import (
    clockwise,
    drawn,
    encrypted_pdf,
    scanned_pdf,
    text_page,
    text_pdf,
    tiff,
)
from tests.objects import bucket

from common.documents.given import Part, open_given, write_parts
from common.job.errors import ClientError


def opened(path, tmp_path):
    return open_given(str(path), tmp_path / "scratch", None)


def texts(file):
    with pdfium.PdfDocument(file) as document:
        return [page.get_textpage().get_text_range().split("\r\n")[0] for page in document]


def test_a_file_is_a_stream_by_its_name(tmp_path):
    file = text_pdf(tmp_path / "dossier.pdf", [text_page(["one"]), text_page(["two"], rotate=90)])
    given = opened(file, tmp_path)
    assert [page.key for page in given.channel.pages] == [("dossier.pdf", 1), ("dossier.pdf", 2)]
    assert [page.rotation for page in given.channel.pages] == [0, 270]


def test_a_channel_is_taken_as_it_is(tmp_path):
    records = make_channel(tmp_path / "channel", "s")
    given = opened(tmp_path / "channel", tmp_path)
    assert [page.text for page in given.channel.pages] == [record["text"] for record in records]
    assert given.files == {}


def test_what_cannot_be_read_is_told_beside_the_rest(tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    encrypted_pdf(folder / "locked.pdf")
    with pytest.raises(ClientError, match=r"locked\.pdf: it is encrypted"):
        opened(folder, tmp_path / "first")
    text_pdf(folder / "open.pdf", [text_page()])
    given = opened(folder, tmp_path / "second")
    assert [each.name for each in given.refused] == ["locked.pdf"]
    assert len(given.channel) == 1


def test_a_channel_may_lie_on_s3(tmp_path):
    make_channel(tmp_path / "channel", "s")
    with bucket("ours") as s3:
        for name in files_below(tmp_path / "channel"):
            s3.upload_file(str(tmp_path / "channel" / name), "ours", f"ours/{name}")
        given = open_given("s3://ours/ours", tmp_path / "scratch", None)
    assert [page.key for page in given.channel.pages] == [("s", page) for page in range(1, 9)]
    assert given.channel.image_path(given.channel.pages[-1]).is_file()


def test_an_empty_folder_says_what_to_give(tmp_path):
    (tmp_path / "given").mkdir()
    with pytest.raises(ClientError, match=r"neither pages\.jsonl nor a file"):
        opened(tmp_path / "given", tmp_path)


def test_parts_hold_their_own_pages_upright(tmp_path):
    folder = tmp_path / "given"
    for name in ("a/x.pdf", "a_x.pdf"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pages = [text_page([f"{name} page {number}"], rotate=90 * number) for number in range(4)]
        text_pdf(folder / name, pages)
    given = opened(folder, tmp_path)
    parts = [
        Part(stream, document, first, last, label)
        for stream in ("a/x.pdf", "a_x.pdf")
        for document, first, last, label in ((1, 1, 1, "letter"), (2, 2, 4, "../sales contract"))
    ]
    out = tmp_path / "parts"
    out.mkdir()
    (out / "earlier.pdf").touch()
    files = write_parts(out, given, parts)
    assert [file.name for file in files] == [
        "a_x-001-letter.pdf",
        "a_x-002-sales_contract.pdf",
        "a_x-001-letter~2.pdf",
        "a_x-002-sales_contract~2.pdf",
    ]
    assert sorted(out.iterdir()) == sorted(files)
    assert [texts(file) for file in files] == [
        [f"{name} page {number}" for number in numbers]
        for name in ("a/x.pdf", "a_x.pdf")
        for numbers in ((0,), (1, 2, 3))
    ]
    with pdfium.PdfDocument(files[1]) as document:
        assert [page.get_rotation() for page in document] == [0, 0, 0]


@pytest.mark.parametrize("kind", ["tiff", "scan", "channel"])
def test_bitmaps_become_pages(tmp_path, kind):
    pages = [drawn(), clockwise(drawn(), 90), drawn()]
    if kind == "tiff":
        given = opened(tiff(tmp_path / "s.tiff", pages, "tiff_lzw"), tmp_path)
    elif kind == "scan":
        given = opened(scanned_pdf(tmp_path / "s.pdf", pages), tmp_path)
    else:
        make_channel(tmp_path / "channel", "s")
        given = opened(tmp_path / "channel", tmp_path)
    stream = given.channel.pages[0].stream
    parts = [Part(stream, 1, 1, 2, "a"), Part(stream, 2, 3, 3, "b")]
    files = write_parts(tmp_path / "parts", given, parts)
    lengths = []
    for file in files:
        with pdfium.PdfDocument(file) as document:
            lengths.append(len(document))
            assert max(document[0].get_size()) == pytest.approx(792, rel=0.1)
    assert lengths == [2, 1]
