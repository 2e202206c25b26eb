"""Files as people have them, made here: PDFs with and without a text layer, TIFFs, pictures."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

PAGE = (850, 1100)  # pixels, of a page at 100 dpi
LETTER = (612, 792)  # points
TURNS = (90, 180, 270)
CONTRACT = (
    "Purchase agreement between the parties",
    "The seller transfers the property to the buyer",
    "Kaufvertrag zwischen Verkäufer und Käufer",
    "Der Kaufpreis beträgt einhundert Euro",
    "Signed and dated by both parties below",
)


def drawn(lines: Sequence[str] = CONTRACT, size: tuple[int, int] = PAGE) -> Image.Image:
    """A grey page with these lines, as a scanner would see it at 100 dpi."""
    page = Image.new("L", size, 255)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(28)
    for place, line in enumerate(lines):
        draw.text((70, 80 + 60 * place), line, 0, font)
    return page


def clockwise(page: Image.Image, degrees: int) -> Image.Image:
    return page.rotate(-degrees, expand=True)


def scanned_pdf(path: Path, pages: Sequence[Image.Image], resolution: int = 100) -> Path:
    """A PDF whose pages are bitmaps alone."""
    pages[0].save(path, "PDF", resolution=resolution, save_all=True, append_images=list(pages[1:]))
    return path


def text_page(
    lines: Sequence[str] = CONTRACT, *, direction: int = 0, rotate: int = 0, extra: str = ""
) -> dict[str, str]:
    """A page of `text_pdf`.

    Args:
        lines: of its text.
        direction: degrees counter-clockwise in which the text runs on the page.
        rotate: the page's own /Rotate.
        extra: further entries of its dictionary.
    """
    matrix = {0: "1 0 0 1 60 700", 90: "0 1 -1 0 80 60", 180: "-1 0 0 -1 550 90"}
    matrix[270] = "0 -1 1 0 500 730"
    said = " ".join(f"({_escaped(line)}) Tj T*" for line in lines)
    content = f"BT /F1 16 Tf 20 TL {matrix[direction]} Tm {said} ET"
    return {"content": content, "extra": f"/Rotate {rotate} {extra}"}


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def text_pdf(
    path: Path,
    pages: Sequence[dict[str, str]],
    *,
    catalog: str = "",
    more: Sequence[bytes] = (),
) -> Path:
    """A PDF with a text layer, written by hand: a catalog, pages, their contents, one font.

    Objects in `more` are numbered on from 4 + 2 · pages.
    """
    kids = " ".join(f"{4 + 2 * place} 0 R" for place in range(len(pages)))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for place, page in enumerate(pages):
        content = page["content"].encode("cp1252")
        box = f"/MediaBox [0 0 {LETTER[0]} {LETTER[1]}]"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R {box} /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {5 + 2 * place} 0 R {page['extra']} >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content))
    path.write_bytes(_assembled([*objects, *more]))
    return path


def form_pdf(path: Path, value: str, *, drawn: bool, rotate: int = 0) -> Path:
    """A page with a field, filled, which a program has drawn or has left to the reader to draw."""
    font = "/DR << /Font << /F1 3 0 R >> >>"
    catalog = f"/AcroForm << /Fields [6 0 R] {font} {'' if drawn else '/NeedAppearances true'} >>"
    field = "<< /FT /Tx /T (name) /Kids [7 0 R] /DA (/F1 16 Tf 0 g)"
    widget = "<< /Type /Annot /Subtype /Widget /Parent 6 0 R /Rect [60 300 500 330] /F 4"
    look = f"/Tx BMC BT /F1 16 Tf 2 8 Td ({value}) Tj ET EMC"
    more = (
        f"{field} /V ({value}) >>",
        f"{widget} {'/AP << /N 8 0 R >>' if drawn else ''} >>",
        f"<< /Type /XObject /Subtype /Form /BBox [0 0 440 30] /Length {len(look)} "
        f"/Resources << /Font << /F1 3 0 R >> >> >>\nstream\n{look}\nendstream",
    )
    page = text_page(rotate=rotate, extra="/Annots [7 0 R]")
    return text_pdf(path, [page], catalog=catalog, more=[each.encode("cp1252") for each in more])


def _assembled(objects: Sequence[bytes]) -> bytes:
    file, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return (
        file
        + b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, table)
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(file))
    )


def encrypted_pdf(path: Path) -> Path:
    """A PDF that no password opens."""
    locked = f"<{'5a' * 32}>"
    security = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O {locked} /U {locked} /P -4 >>"
    content = text_pdf(path, [text_page()]).read_bytes()
    trailer = f"{security} /ID [<00> <00>] /Root 1 0 R".encode()
    path.write_bytes(content.replace(b"/Root 1 0 R", trailer))
    return path


def laughing_pdf(path: Path, levels: int = 9, times: int = 12) -> Path:
    """A PDF whose page draws a form that draws forms that draw forms, `times` each."""
    objects = _one_page("/F 5 0 R", "/F Do")
    for level in range(levels):
        below = f"/Resources << /XObject << /F {6 + level} 0 R >> >>" if level + 1 < levels else ""
        form = f"/Type /XObject /Subtype /Form /BBox [0 0 612 792] {below}"
        objects.append(_stream(form, b"/F Do " * times if below else b"0 0 9 9 re f"))
    path.write_bytes(_assembled(objects))
    return path


def slow_pdf(path: Path, times: int = 300_000) -> Path:
    """A PDF of some kilobytes whose page is painted all over so many times."""
    painted = b"0.5 0 1 rg 0 0 612 792 re f\n0 0.5 1 rg 0 0 612 792 re f\n"
    form = "/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Filter /FlateDecode"
    content = zlib.compress(painted * (times // 2))
    objects = [*_one_page("/F 5 0 R", "/F Do"), _stream(form, content)]
    path.write_bytes(_assembled(objects))
    return path


def swollen_pdf(path: Path, side: int = 40_000) -> Path:
    """A PDF of some megabytes whose page shows an image of side² pixels, in colour."""
    packed = zlib.compressobj(9)
    head = packed.flush(zlib.Z_FULL_FLUSH)
    rows = packed.compress(bytes(3 * side * 100)) + packed.flush(zlib.Z_FULL_FLUSH)
    shape = f"/Width {side} /Height {side} /BitsPerComponent 8 /ColorSpace /DeviceRGB"
    picture = f"/Type /XObject /Subtype /Image {shape} /Filter /FlateDecode"
    pixels = head + rows * (side // 100) + packed.flush()
    objects = [*_one_page("/I 5 0 R", "612 0 0 792 0 0 cm /I Do"), _stream(picture, pixels)]
    path.write_bytes(_assembled(objects))
    return path


def _one_page(resource: str, content: str) -> list[bytes]:
    """The first four objects of a PDF with one page, which shows a fifth."""
    page = "/Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
    return [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< {page} /Resources << /XObject << {resource} >> >> >>".encode(),
        _stream("", content.encode()),
    ]


def _stream(entries: str, content: bytes) -> bytes:
    head = f"<< {entries} /Length {len(content)} >>\nstream\n".encode()
    return head + content + b"\nendstream"


def swollen_png(path: Path, side: int = 20_000) -> Path:
    """A PNG that says it has side² pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )
    )
    return path


def tiff(path: Path, pages: Sequence[Image.Image], compression: str) -> Path:
    pages[0].save(
        path, "TIFF", compression=compression, save_all=True, append_images=list(pages[1:])
    )
    return path


def endless_tiff(path: Path) -> Path:
    """A TIFF whose page names itself as the next one."""
    content = bytearray(tiff(path, [drawn(size=(80, 80))], "raw").read_bytes())
    first = struct.unpack_from("<I", content, 4)[0]
    entries = struct.unpack_from("<H", content, first)[0]
    struct.pack_into("<I", content, first + 2 + 12 * entries, first)
    path.write_bytes(content)
    return path
