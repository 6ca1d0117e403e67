"""Archives: what is unpacked, and what is refused before it is written."""

from __future__ import annotations

import gzip
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
        ("../escaped", b"1"),
        ("/etc/passwd", b"1"),
        ("a/../../b", b"1"),
        ("..\\escaped", b"1"),
        special("link", tarfile.SYMTYPE, "/etc/passwd"),
        special("link", tarfile.LNKTYPE, "../../x"),
        special("pipe", tarfile.FIFOTYPE),
        special("disk", tarfile.BLKTYPE),
    ],
)
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


def sparse_map(content, **headers):
    """A member as GNU's tar writes sparse files: what a PAX header says of it, and the map before its bytes."""
    info = tarfile.TarInfo("x.pt")
    info.size, info.pax_headers = len(content), {"GNU.sparse.realsize": "9", **headers}
    raw = info.tobuf(tarfile.PAX_FORMAT) + content
    return raw + bytes(-len(raw) % 512 + 1024)


@pytest.mark.parametrize("content", [b"two\n", b"1\n0\n9\n", b"1000000000\n" + b"1\n" * 100_000, bytes(1 << 20), b""])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_sparse_member_is_refused(tmp_path, out, content, pack):
    path = tmp_path / "a.tar"
    path.write_bytes(pack(sparse_map(content, **{"GNU.sparse.major": "1", "GNU.sparse.minor": "0"})))
    assert is_archive(path)
    with pytest.raises(WeightsError, match="sparse"):
        list(unpack(path, out))


@pytest.mark.parametrize("headers", [{"GNU.sparse.map": "0,9"}, {"GNU.sparse.size": "9", "GNU.sparse.map": "a"}])
def test_an_older_sparse_member_is_refused(tmp_path, out, headers):
    path = tmp_path / "a.tar"
    path.write_bytes(sparse_map(b"123456789", **headers))
    assert is_archive(path)
    with pytest.raises(WeightsError, match="sparse|damaged"):
        list(unpack(path, out))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_header_without_end_is_not_read(tmp_path, out, kind):
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 1 << 33
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20)))
    assert is_archive(path)
    with pytest.raises(WeightsError, match="a header that is longer"):
        list(unpack(path, out))


def test_headers_upon_headers_are_one_sentence(tmp_path, out):
    info = tarfile.TarInfo("x")
    info.type = tarfile.GNUTYPE_LONGNAME
    path = tmp_path / "a.tar"
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) * 20_000)
    assert is_archive(path)
    with pytest.raises(WeightsError, match="damaged"):
        list(unpack(path, out))


def test_a_host_of_members_is_refused(tmp_path, out):
    folder = special("folder", tarfile.DIRTYPE).tobuf()
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(folder * 20_000))
    with pytest.raises(WeightsError, match="more files than any weights"):
        list(unpack(path, out))


def test_a_long_name_is_cut(tmp_path, out):
    path = pack(tmp_path / "a.tar", ("ä" * 400 + ".pt", b"1"), mode="w")
    assert [member.name for member in unpack(path, out)] == ["0-" + "ä" * 57 + ".pt"]


def test_a_damaged_beginning_is_one_sentence(tmp_path, out):
    path = pack(tmp_path / "a.tar.gz", ("x", bytes(100_000)), mode="w:gz")
    content = bytearray(path.read_bytes())
    content[20:] = b"\xff" * (len(content) - 20)
    path.write_bytes(content)
    is_archive(path)  # raises nothing
    with pytest.raises(WeightsError, match="damaged"):
        list(unpack(path, out))


def test_a_name_that_is_no_text_is_made_one(tmp_path, out):
    path = pack(tmp_path / "a.tar", ("x\udcae y\n.pt", b"1"), mode="w")
    assert [member.name for member in unpack(path, out)] == ["0-x__y_.pt"]
