"""Archives: what is unpacked, and what is refused before it is written."""

from __future__ import annotations

import io
import tarfile

import pytest

from fice.checkpoints.archive import is_archive, unpack
from fice.errors import WeightsError


def pack(path, *members, mode="w:xz"):
    """A tar file of (name, content) or TarInfo members."""
    with tarfile.open(path, mode) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            archive.addfile(info, io.BytesIO(member[1]))
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_members_come_one_after_the_other(tmp_path, out, mode):
    path = pack(tmp_path / "some.bin", ("a/one.pt", b"1" * 3_000_000), ("b/one.pt", b"2"), mode=mode)
    assert is_archive(path)
    seen = []
    for member in unpack(path, out):
        seen.append((member.name, member.read_bytes()))
        member.unlink()
    assert seen == [("0-one.pt", b"1" * 3_000_000), ("1-one.pt", b"2")]
    assert list(out.iterdir()) == []


def test_folders_are_passed_over(tmp_path, out):
    path = pack(tmp_path / "a.tar", special("checkpoints", tarfile.DIRTYPE), ("checkpoints/x", b"1"))
    assert [member.read_bytes() for member in unpack(path, out)] == [b"1"]


@pytest.mark.parametrize(
    "member",
    [
        ("../escaped", b"1"), ("/etc/passwd", b"1"), ("a/../../b", b"1"), ("..\\escaped", b"1"),
        special("link", tarfile.SYMTYPE, "/etc/passwd"), special("link", tarfile.LNKTYPE, "../../x"),
        special("pipe", tarfile.FIFOTYPE), special("disk", tarfile.BLKTYPE),
    ],
)  # fmt: skip
def test_what_leaves_the_folder_or_is_no_file_is_refused(tmp_path, out, member):
    path = pack(tmp_path / "a.tar.xz", member)
    with pytest.raises(WeightsError, match="do not trust it"):
        list(unpack(path, out))
    assert list(out.iterdir()) == []


def test_a_bomb_is_refused_before_it_is_written(tmp_path, out):
    path = pack(tmp_path / "bomb.tar.xz", ("zeros", bytes(200_000_000)))
    assert path.stat().st_size < 100_000
    with pytest.raises(WeightsError, match="grow to more than"):
        list(unpack(path, out))
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_a_cut_archive_is_one_sentence(tmp_path, out, mode):
    import random

    path = pack(tmp_path / "a.tar", ("x", random.Random(0).randbytes(500_000)), mode=mode)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match="damaged or cut off"):
        list(unpack(path, out))


def test_a_damaged_archive_is_one_sentence(tmp_path, out):
    import random

    path = pack(tmp_path / "a.tar.xz", ("x", random.Random(0).randbytes(500_000)), mode="w:xz")
    content = bytearray(path.read_bytes())
    content[250_000:250_100] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="damaged"):
        list(unpack(path, out))


def test_a_pickle_is_no_archive(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\x04}.")
    assert not is_archive(path)
