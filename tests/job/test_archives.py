import gzip
import io
import os
import random
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from common.job.archives import open_artifact, open_results
from common.job.errors import ClientError

NAMES = ("model.tar.gz", "output.tar.gz")
Members = Callable[[tarfile.TarFile], None]


def add(tar: tarfile.TarFile, name: str, content: bytes = b"", **attributes: object) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for attribute, value in attributes.items():
        setattr(member, attribute, value)
    tar.addfile(member, io.BytesIO(content))


def write_archive(path: Path, members: Members = lambda tar: add(tar, "file", b"content")) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        members(tar)
    return path


def write_both(channel: Path, members: Members | None = None) -> Path:
    """Good archives, or a model.tar.gz with the given members."""
    write_archive(channel / "model.tar.gz", *([members] if members else []))
    write_archive(channel / "output.tar.gz")
    return channel


def refusal(channel: Path, scratch: Path) -> str:
    with pytest.raises(ClientError) as caught:
        open_results(channel, scratch)
    return str(caught.value)


@pytest.mark.parametrize("below", [".", "text-2024-01-01/output"])
def test_archives_are_found_and_unpacked_wherever_they_lie_below(tmp_path, below):
    write_both(tmp_path / "channel" / below)
    results = open_results(tmp_path / "channel", tmp_path / "scratch")
    assert (results.model / "file").read_bytes() == b"content"
    assert (results.output / "file").read_bytes() == b"content"
    assert tmp_path / "scratch" in results.model.parents


def test_folders_are_taken_as_they_are(tmp_path):
    for name in ("model", "output"):
        (tmp_path / name).mkdir()
    (tmp_path / "model/manifest.json").touch()
    results = open_results(tmp_path, tmp_path / "scratch")
    assert (results.model, results.output) == (tmp_path / "model", tmp_path / "output")


def test_archives_in_folders_of_those_names_are_archives(tmp_path):
    for name in ("model", "output"):
        write_archive(tmp_path / "channel" / name / f"{name}.tar.gz")
    results = open_results(tmp_path / "channel", tmp_path / "scratch")
    assert (results.model / "file").read_bytes() == b"content"
    assert (results.output / "file").read_bytes() == b"content"


def test_members_named_as_tar_names_those_of_a_folder_are_fine(tmp_path):
    def dotted(tar: tarfile.TarFile) -> None:
        add(tar, ".", type=tarfile.DIRTYPE, mode=0o755)
        add(tar, "./deep", type=tarfile.DIRTYPE, mode=0o755)
        add(tar, "./deep/file", b"content")

    results = open_results(write_both(tmp_path / "c", dotted), tmp_path / "s")
    assert (results.model / "deep/file").read_bytes() == b"content"


def test_an_archive_with_nothing_in_it_is_an_empty_folder(tmp_path):
    results = open_results(write_both(tmp_path / "c", lambda tar: None), tmp_path / "s")
    assert list(results.model.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_none_is_refused(tmp_path, name):
    write_both(tmp_path)
    (tmp_path / name).unlink()
    message = refusal(tmp_path, tmp_path / "s")
    assert f"{tmp_path}: no {name} below it" in message
    assert "S3 prefix of exactly one base model's job" in message


@pytest.mark.parametrize("name", NAMES)
def test_two_are_refused_and_both_named(tmp_path, name):
    write_both(tmp_path / "a")
    write_archive(tmp_path / "b" / name)
    assert f"2 {name} below it (a/{name}, b/{name})" in refusal(tmp_path, tmp_path / "s")


@pytest.mark.parametrize("place", [".", "model"])
def test_an_artifact_in_a_folder_is_taken_as_it_is(tmp_path, place):
    write_archive(tmp_path / "model.tar.gz")
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / place / "manifest.json").touch()
    assert open_artifact(tmp_path, tmp_path / "scratch") == tmp_path / place


def test_an_artifact_in_an_archive_is_unpacked_without_its_jobs_output(tmp_path):
    write_archive(tmp_path / "channel/job/output/model.tar.gz")
    artifact = open_artifact(tmp_path / "channel", tmp_path / "scratch")
    assert artifact is not None
    assert (artifact / "file").read_bytes() == b"content"
    assert tmp_path / "scratch" in artifact.parents


def test_there_may_be_no_artifact_and_not_two(tmp_path):
    write_archive(tmp_path / "a/output.tar.gz")
    assert open_artifact(tmp_path, tmp_path / "s") is None
    write_archive(tmp_path / "a/model.tar.gz")
    write_archive(tmp_path / "b/model.tar.gz")
    with pytest.raises(ClientError, match=r"2 model.tar.gz below it \(a/model.tar.gz, b/model"):
        open_artifact(tmp_path, tmp_path / "s")


UNSAFE: dict[str, Members] = {
    "climbs out": lambda tar: add(tar, "../evil", b"x"),
    "climbs out from below": lambda tar: add(tar, "a/../../evil", b"x"),
    "absolute": lambda tar: add(tar, "/tmp/evil", b"x"),
    "symbolic link": lambda tar: add(tar, "evil", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "link inside": lambda tar: add(tar, "evil", type=tarfile.SYMTYPE, linkname="file"),
    "hard link": lambda tar: add(tar, "evil", type=tarfile.LNKTYPE, linkname="file"),
    "character device": lambda tar: add(tar, "evil", type=tarfile.CHRTYPE),
    "block device": lambda tar: add(tar, "evil", type=tarfile.BLKTYPE),
    "pipe": lambda tar: add(tar, "evil", type=tarfile.FIFOTYPE),
}


@pytest.mark.parametrize("members", UNSAFE.values(), ids=UNSAFE)
def test_an_unsafe_member_is_refused_and_not_made(tmp_path, members):
    channel = write_both(tmp_path / "channel", members)
    message = refusal(channel, tmp_path / "scratch")
    assert "evil' is a link, a device or leads out of the archive" in message
    assert str(channel / "model.tar.gz") in message
    assert not [path for path in tmp_path.rglob("*") if path.name == "evil"]


def test_modes_and_owners_of_the_archive_do_not_count(tmp_path):
    def member(tar: tarfile.TarFile) -> None:
        add(tar, "file", b"content", mode=0o4777, uid=12345)

    results = open_results(write_both(tmp_path / "c", member), tmp_path / "s")
    assert (results.model / "file").stat().st_mode & 0o7022 == 0
    assert (results.model / "file").stat().st_uid == os.getuid()


def many_files(tar: tarfile.TarFile) -> None:
    noise = random.Random(1)
    for number in range(3):
        add(tar, f"file{number}", noise.randbytes(300))


def unpacked(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_no_flipped_byte_goes_unseen(tmp_path):
    archive = write_both(tmp_path / "channel", many_files) / "model.tar.gz"
    sound, expected = archive.read_bytes(), unpacked(archive)
    seen = 0
    for place in range(len(sound)):
        flipped = bytearray(sound)
        flipped[place] ^= 0xFF
        archive.write_bytes(flipped)
        try:
            model = open_results(tmp_path / "channel", tmp_path / str(place)).model
        except ClientError:
            seen += 1
        else:  # in what gzip's header says of itself: the file's name and time
            assert {path.name: path.read_bytes() for path in model.iterdir()} == expected
    assert seen > 0.95 * len(sound)


@pytest.mark.parametrize("length", [0, 5, 100, -1, -9])
def test_an_archive_cut_short_is_damaged(tmp_path, length):
    archive = write_both(tmp_path / "c", many_files) / "model.tar.gz"
    archive.write_bytes(archive.read_bytes()[:length])
    message = refusal(tmp_path / "c", tmp_path / "s")
    assert "damaged or not a gzipped tar archive" in message
    assert "Fetch it anew." in message


@pytest.mark.parametrize(  # with names, for what gzip writes holds the second it was written in
    "content",
    [b"not gzip", gzip.compress(b"not tar" * 200), gzip.compress(bytes(range(256)) * 8)],
    ids=["not gzip", "not tar", "noise"],
)
def test_what_is_no_archive_is_refused(tmp_path, content):
    (write_both(tmp_path / "c") / "model.tar.gz").write_bytes(content)
    assert "damaged or not a gzipped tar archive" in refusal(tmp_path / "c", tmp_path / "s")


def test_a_file_that_another_member_needs_as_a_folder_is_damage(tmp_path):
    def clash(tar: tarfile.TarFile) -> None:
        add(tar, "a", b"x")
        add(tar, "a/b", b"x")

    assert "damaged" in refusal(write_both(tmp_path / "c", clash), tmp_path / "s")
