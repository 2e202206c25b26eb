"""Broken and hostile files, made by chance from whole ones."""

import random

import pytest
from tests.documents.papers import CONTRACT, drawn, scanned_pdf, text_page, text_pdf, tiff

from common.documents.limits import Limits, RefusedFile
from common.documents.reading import Reader

EACH = 60  # times five kinds
SMALL = (170, 220)


@pytest.fixture(scope="module")
def reader():
    with Reader(limits=Limits(seconds=10), languages=None, workers=1) as shared:
        yield shared


def made(folder, kind):
    page = drawn(size=SMALL)
    file = folder / kind
    if kind == "text.pdf":
        return text_pdf(file, [text_page()] * 2)
    if kind == "scan.pdf":
        return scanned_pdf(file, [page, page])
    if kind == "fax.tiff":
        return tiff(file, [page.convert("1")] * 2, "group4")
    if kind == "scan.tiff":
        return tiff(file, [page.convert("RGB")] * 2, "tiff_lzw")
    page.save(file)
    return file


def mutated(content, chance):
    """The bytes, a few places overwritten, cut out, doubled or, at the end, cut off."""
    content = bytearray(content)
    for _ in range(chance.choice((1, 2, 5))):
        place = chance.randrange(len(content))
        length = chance.choice((1, 2, 4, 32))
        how = chance.randrange(8)
        if how == 1:
            content[place : place + 4] = chance.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"))
        elif how == 2:
            content[place : place + length] = b"9" * length
        elif how == 3:
            content[place:place] = content[place : place + 200]
        elif how == 4:
            del content[place : place + length]
        else:
            content[place : place + length] = chance.randbytes(length)
    if chance.random() < 0.2:
        del content[chance.randrange(len(content)) :]
    return bytes(content)


@pytest.mark.parametrize("kind", ["text.pdf", "scan.pdf", "fax.tiff", "scan.tiff", "page.png"])
def test_a_broken_file_is_read_or_refused_and_its_neighbours_are_read(reader, tmp_path, kind):
    content = made(tmp_path, kind).read_bytes()
    neighbour = text_pdf(tmp_path / "neighbour.pdf", [text_page()])
    chance = random.Random(kind)
    refusals = []
    for number in range(EACH):
        (tmp_path / "broken").write_bytes(mutated(content, chance))
        try:
            list(reader.pages(tmp_path / "broken"))
        except RefusedFile as refusal:
            refusals.append(str(refusal))
        if number % 10 == 0:
            [page] = reader.pages(neighbour)
            assert page.text.startswith(CONTRACT[0])
    assert EACH / 10 < len(refusals) < EACH
    assert not [refusal for refusal in refusals if "takes longer than" in refusal]
    assert reader.peak < 1.5 * (1 << 30)
