import os
import zipfile

import pytest
from tests.documents.papers import text_page, text_pdf
from tests.objects import bucket

from common.documents.limits import Limits
from common.documents.sources import brought_here, find_sources
from common.job.errors import ClientError


def packed(path, members, **how):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content, **how)
    return path


def find(given, tmp_path, **limits):
    sources, refused = find_sources(given, tmp_path / "scratch", Limits(**limits))
    return [source.name for source in sources], {each.name: each.reason for each in refused}


def test_a_folder_is_searched_in_the_order_of_numbers(tmp_path):
    given = tmp_path / "given"
    for name in ("b/page-10.png", "b/page-2.png", "a.pdf", ".hidden/x.pdf", "b/.DS_Store"):
        (given / name).parent.mkdir(parents=True, exist_ok=True)
        (given / name).write_bytes(b"x")
    assert find(given, tmp_path) == (["a.pdf", "b/page-2.png", "b/page-10.png"], {})


def test_links_to_folders_are_not_followed(tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    (given / "again").symlink_to(given)
    (given / "one.pdf").write_bytes(b"x")
    assert find(given, tmp_path)[0] == ["one.pdf"]


def test_names_that_are_no_text_can_be_written(tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    (given / os.fsdecode(b"f\xfcr.pdf")).write_bytes(b"x")
    assert find(given, tmp_path)[0] == ["f\ufffdr.pdf"]


def test_members_of_archives_are_files_of_their_folder(tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    content = text_pdf(tmp_path / "page.pdf", [text_page()]).read_bytes()
    packed(given / "mail.zip", {"one/a.pdf": content, "__MACOSX/a.pdf": b"", "two/": b""})
    sources, refused = find_sources(given, tmp_path / "scratch", Limits())
    assert [source.name for source in sources] == ["mail.zip/one/a.pdf"]
    assert sources[0].path.read_bytes() == content
    assert refused == []
    assert find(given / "mail.zip", tmp_path / "alone")[0] == ["one/a.pdf"]


@pytest.mark.parametrize("name", ["../out.pdf", "/etc/out.pdf", "a/../../out.pdf", "..\\out.pdf"])
def test_a_name_that_leads_out_of_the_archive_is_refused_alone(tmp_path, name):
    given = packed(tmp_path / "bad.zip", {name: b"x", "good.pdf": b"y"})
    names, refused = find(given, tmp_path)
    assert names == ["good.pdf"]
    assert "leads out" in refused[name]
    assert not list(tmp_path.rglob("out.pdf"))


def test_a_link_in_an_archive_is_refused(tmp_path):
    link = zipfile.ZipInfo("link.pdf")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "links.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "a link" in find(tmp_path / "links.zip", tmp_path)[1]["link.pdf"]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    given = packed(tmp_path / "bomb.zip", {"bomb": bytes(3 << 20), "good.pdf": b"y"})
    names, refused = find(given, tmp_path, size=1 << 20)
    assert names == ["good.pdf"]
    assert "unpacks to 3,145,728 bytes" in refused["bomb"]


def test_a_member_that_is_longer_than_it_says_is_refused(tmp_path):
    given = packed(tmp_path / "lies.zip", {"lies.pdf": b"x" * 5000})
    content = given.read_bytes().replace((5000).to_bytes(4, "little"), (50).to_bytes(4, "little"))
    given.write_bytes(content)
    assert "damaged within its ZIP" in find(given, tmp_path)[1]["lies.pdf"]


def test_an_archive_in_an_archive_and_a_damaged_one_are_refused(tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    inner = packed(tmp_path / "inner.zip", {"a.pdf": b"x"}).read_bytes()
    packed(given / "outer.zip", {"inner.zip": inner})
    (given / "cut.zip").write_bytes(inner[:-30])
    names, refused = find(given, tmp_path)
    assert names == []
    assert "within an archive" in refused["outer.zip/inner.zip"]
    assert "damaged ZIP" in refused["cut.zip"]


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(ClientError, match=r"There is no .*nothing\.pdf"):
        find(tmp_path / "nothing.pdf", tmp_path)


def test_objects_are_fetched_and_refused_one_by_one(tmp_path):
    with bucket("ours") as s3:
        for key, content in {
            "scans/": b"",  # as the console makes a folder
            "scans/a.pdf": b"a",
            "scans/deep/b.pdf": b"b",
            "scans/deep": b"in the way of a folder",
            "scans/../out.pdf": b"x",
            "scans/large.pdf": bytes(101),
            "scans2/c.pdf": b"x",
        }.items():
            s3.put_object(Bucket="ours", Key=key, Body=content)
        path, refused = brought_here("s3://ours/scans", tmp_path / "all", Limits(size=100))
        why = {each.name: each.reason for each in refused}
        there = {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}
        assert why.pop("../out.pdf").startswith("its key is no path")
        assert why.pop("large.pdf") == "it has 101 bytes, more than 100. Split it"
        [(of_two, reason)] = why.items()
        assert there == {"a.pdf", "deep", "deep/b.pdf"} - {of_two}
        assert reason.startswith("it cannot be fetched")
        assert not (tmp_path / "out.pdf").exists()


def test_one_object_is_a_file(tmp_path):
    with bucket("ours") as s3:
        s3.put_object(Bucket="ours", Key="scans/a.pdf", Body=b"a")
        s3.put_object(Bucket="ours", Key="scans/a.pdf.bak", Body=b"b")
        path, _ = brought_here("s3://ours/scans/a.pdf", tmp_path / "one", Limits())
        assert (path.name, path.read_bytes()) == ("a.pdf", b"a")
        path, [refusal] = brought_here("s3://ours/scans/a.pdf", tmp_path / "two", Limits(size=0))
        assert (refusal.name, list(path.iterdir())) == ("a.pdf", [])


@pytest.mark.parametrize("place", ["s3://ours/none", "s3://ours", "s3://theirs/scans"])
def test_a_place_without_objects_is_named(tmp_path, place):
    with bucket("ours"), pytest.raises(ClientError, match=f"^{place} (holds|cannot be listed)"):
        brought_here(place, tmp_path, Limits())
